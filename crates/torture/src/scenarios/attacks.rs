//! Attacks of one account on the time of others (P7): answers that are not read, large pastes over ssh, expensive searches,
//! and signals that are sent on to others. A bystander, who has nothing to do with it, must not notice.

mod bystander;
mod paste;
mod searches;
mod signals;
mod unread;

use crate::context::Context;
use crate::error::Error;
use crate::finding::Finding;

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    Ok(vec![
        unread::run(context).await?,
        paste::run(context).await?,
        searches::run(context).await?,
        signals::run(context).await?,
    ])
}
