//! Running a server.

use std::path::Path;

use server::config::{Config, Sources};
use server::run::{Extras, Sockets};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::args::Global;
use crate::args::operator::Serve;
use crate::exit::Failure;
use crate::{logging, systemd};

/// Serves until SIGTERM or Ctrl-C. `sockets` were opened before this process started.
pub(crate) async fn serve(ask: &Serve, global: &Global, sockets: Sockets) -> Result<(), Failure> {
    let config = configuration(ask, global)?;
    if ask.show_options {
        print!("{}", server::config::reference());
        return Ok(());
    }
    logging::of_server(config.log.format, config.log.level);
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let shutdown = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        systemd::notify("STOPPING=1");
    };
    let (ready, is_ready) = oneshot::channel();
    tokio::spawn(async move {
        // An error means that the server did not start.
        if is_ready.await.is_ok() {
            systemd::notify("READY=1");
        }
    });
    let extras = Extras {
        ready: Some(ready),
        sockets,
        #[cfg(feature = "ssh")]
        ssh_app: Some(std::sync::Arc::new(crate::ssh::App::new(config.data_dir.join("ssh")))),
    };
    server::run::serve(config, shutdown, extras).await.map_err(|error| Failure::Failed(error.to_string()))
}

/// Merges the file, the variables and the command line; the later override the earlier.
fn configuration(ask: &Serve, global: &Global) -> Result<Config, Failure> {
    let mut flags = ask.set.clone();
    let mut flag = |option: &str, value: String| flags.push((option.to_owned(), value));
    if let Some(listen) = &ask.listen {
        flag("listen", listen.clone());
    }
    if let Some(ssh) = &ask.ssh {
        flag("ssh", ssh.clone());
    }
    if let Some(data) = &ask.data {
        flag("data_dir", path(data)?);
    }
    if global.insecure {
        flag("insecure", "true".to_owned());
    }
    let environment = |name: &str| std::env::var(name).ok();
    let sources = Sources { file: ask.config.as_deref(), environment: &environment, flags: &flags };
    Config::load(&sources).map_err(|error| Failure::Failed(error.to_string()))
}

fn path(path: &Path) -> Result<String, Failure> {
    path.to_str().map(str::to_owned).ok_or_else(|| Failure::Usage(format!("{} is not UTF-8", path.display())))
}
