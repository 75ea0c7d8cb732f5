//! `host`: the server that the user runs on this computer in the background.

use serde_json::Value;

use crate::args::operator::HostAction;
use crate::context::{Context, own_server_options};
use crate::exit::Failure;
use crate::local_server::LocalServer;
use crate::output::Row;

pub(super) async fn host(context: &Context, action: Option<HostAction>) -> Result<(), Failure> {
    let server = context.local_server();
    let out = &context.out;
    let options = || own_server_options(&context.global, &context.home, &server);
    match action.unwrap_or(HostAction::Status) {
        HostAction::Status => out.row(&status(&server)),
        HostAction::Start => {
            server.start(&options()?).await?;
            out.say(&format!(
                "The server runs at {}, also after you log out of it. Stop it with `mini-tweet host stop`.",
                server.address
            ));
            out.row(&status(&server))
        }
        HostAction::Stop => {
            let ran = server.stop().await?;
            out.say(if ran { "The server has stopped." } else { "The server is not running." });
            Ok(())
        }
        HostAction::Install => {
            let file = server.install(&options()?).await?;
            out.say(&format!(
                "The server starts when you log in to this computer. To start it when the computer starts, run \
                 `loginctl enable-linger`. Its service: {}",
                file.display()
            ));
            out.row(&status(&server))
        }
        HostAction::Uninstall => {
            let was_there = server.uninstall()?;
            out.say(if was_there {
                "The service is removed. The data are still there."
            } else {
                "No service is set up."
            });
            Ok(())
        }
    }
}

fn status(server: &LocalServer) -> Row {
    let process = server.process().map(|process| process.as_raw_nonzero().get());
    let (data, log) = (server.data.display().to_string(), server.log.display().to_string());
    let state = match process {
        Some(process) => format!("running as process {process}"),
        None if server.exists() => "not running; start it with `mini-tweet host start`".to_owned(),
        None => "never started; start it with `mini-tweet host start`".to_owned(),
    };
    let service =
        if server.is_installed() { "starts when you log in" } else { "none; see `mini-tweet host install`" };
    let address = server.reached_at();
    let text =
        format!("server   {state}\naddress  {address}\ndata     {data}\nlog      {log}\nservice  {service}");
    let values = [
        process.is_some().into(),
        process.map_or(Value::Null, Value::from),
        address.into(),
        data.into(),
        log.into(),
        server.is_installed().into(),
    ];
    Row::new(&HOST, values, model::SafeText::lines(&text).to_string())
}

pub(super) const HOST: [&str; 6] = ["running", "process", "address", "data", "log", "service"];
