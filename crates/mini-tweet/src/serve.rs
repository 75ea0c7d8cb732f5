//! `serve`: configuration, signals and the service manager around the server library.

use std::io::Write as _;
use std::path::Path;

use sd_notify::NotifyState;
use server::config::{Config, Sources};
use server::run::{Extras, Sockets};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

use crate::args::Global;
use crate::args::operator::Serve;
use crate::exit::Failure;
use crate::{logging, systemd};

/// Serves until SIGTERM or Ctrl-C; SIGHUP reloads the certificate. `sockets` were opened before this process started.
pub(crate) async fn serve(ask: &Serve, global: &Global, sockets: Sockets) -> Result<(), Failure> {
    let config = configuration(ask, global)?;
    if ask.show_options {
        return Ok(std::io::stdout().write_all(server::config::reference(&config).as_bytes())?);
    }
    if ask.check_config {
        return Ok(std::io::stdout().write_all(b"The configuration is valid.\n")?);
    }
    logging::init_server(config.log.format, config.log.level);
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hang_up = signal(SignalKind::hangup())?;
    let (reload, reloads) = mpsc::channel(1);
    tokio::spawn(async move {
        // Ends with the server.
        while hang_up.recv().await.is_some() && reload.send(()).await.is_ok() {}
    });
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        systemd::notify(NotifyState::Stopping);
    };
    let (ready, is_ready) = oneshot::channel();
    tokio::spawn(async move {
        // An error means that the server did not start.
        if is_ready.await.is_ok() {
            systemd::notify(NotifyState::Ready);
        }
    });
    let extras = Extras {
        ready: Some(ready),
        reload: Some(reloads),
        sockets,
        #[cfg(feature = "ssh")]
        ssh_app: Some(std::sync::Arc::new(crate::ssh::App::new(
            config.server.name.clone(),
            config.data_dir.join("ssh"),
        ))),
    };
    server::run::serve(config, stop, extras).await.map_err(|error| Failure::Failed(error.to_string()))
}

/// Options of the command line go first, then environment variables, then the file.
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
    if let Some(store) = &ask.store {
        flag("store", store.clone());
    }
    if let Some(bus) = &ask.bus {
        flag("bus", bus.clone());
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
