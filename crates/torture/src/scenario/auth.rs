//! Who comes in, and who no longer: sessions that end, with their open connections (P10), what a failed log-in tells
//! (P12), and where secrets must not be (P11, P14, P29).

mod alike;
mod ended;
mod secrets;

use super::Setup;
use crate::Error;
use crate::report::Line;

pub(crate) async fn run(setup: &Setup) -> Result<Vec<Line>, Error> {
    let mut lines = vec![ended::run(setup).await?, ended::office(setup).await?];
    lines.extend(alike::run(setup).await?);
    lines.push(secrets::run(setup).await?);
    Ok(lines)
}
