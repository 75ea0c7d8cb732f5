//! Those who take their time, or come in crowds: readers that do not read, sockets that say nothing or a byte a
//! second, thousands of connections, no file descriptor left, guesses of passwords. They cost little, they are sent
//! away, and whoever is there goes on (P7, P8, P9, P13).

mod crowd;
mod guess;
mod idle;
mod readers;
mod silent;

use super::Setup;
use crate::Error;
use crate::report::Line;

pub(crate) async fn run(setup: &Setup) -> Result<Vec<Line>, Error> {
    // These wait for deadlines, and nobody measures meanwhile.
    let silent = silent::run(setup).await?;
    let mut lines = vec![readers::run(setup).await?, silent];
    lines.push(idle::run(setup).await?);
    lines.extend(crowd::run(setup).await?);
    lines.extend(guess::run(setup).await?);
    Ok(lines)
}
