//! Text written by others does not control the reader's terminal (P5): the real client, every verb and the full screen,
//! in a pseudo-terminal, against a server that does not validate what it sends. Apart from plain text, the client must
//! write the same for hostile texts as for harmless texts of the same width.

mod comparison;
mod hostile_proxy;
mod payloads;
mod sample_network;
mod screen;
mod tty;
mod verbs;

use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use comparison::Comparison;
use payloads::payloads;
use sample_network::SampleNetwork;

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    let mut random = context.random("terminal");
    let payloads = payloads(&mut random);
    let network = SampleNetwork::start(&context.program).await?;
    let mut comparison = Comparison::new(&network, &payloads).await?;
    comparison.sign_in()?;
    for round in 0..context.times(2, 8) {
        comparison.round = round;
        verbs::all(&mut comparison, &context.program).await?;
        screen::all(&mut comparison, &context.program).await?;
    }
    let mut control = Comparison::new(&network, &payloads).await?;
    control.unsanitised = true;
    control.sign_in()?;
    verbs::some(&mut control, &context.faults).await?;
    let by_verbs = control.broken.len();
    screen::some(&mut control, &context.faults).await?;
    let by_screen = control.broken.len() - by_verbs;
    Ok(vec![Finding {
        promise: 5,
        tried: format!(
            "{} hostile texts in {} kinds of fields and {} views: {} of the combinations seen",
            payloads.len(),
            comparison.kinds().len(),
            comparison.views.len(),
            comparison.seen.len(),
        ),
        figures: format!("{} runs of the client, {} differ", comparison.runs, comparison.broken.len()),
        broken: comparison.broken,
        control: Control::of(
            by_verbs > 0 && by_screen > 0,
            format!("a client that does not sanitise text: {by_verbs} verbs and {by_screen} screens differ"),
        ),
    }])
}
