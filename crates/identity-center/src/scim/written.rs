//! Resources and lists as they are written. A group's members and a list's resources are read while they are written, so that an answer
//! takes as much memory as its greatest part, however many there are. What changes meanwhile may be in it or not; the version that it
//! says is that of its beginning, so nobody changes by it what they have not seen.

use std::sync::Arc;

use kiro_scim::{Page, Paging, Projection, RESOURCES, Refusal};

use super::answer::Fault;
use super::base;
use super::pieces::{Pen, around};
use super::resources::document;
use crate::center::Center;
use crate::provisioning::{Provisioned, Provisioner};
use crate::store::{Found, Place};

/// People or groups are read so many at once.
pub(super) const AT_ONCE: usize = 100;

/// Who is answered, and how much of each.
#[derive(Clone)]
pub(super) struct Reader {
    pub(super) center: Arc<Center>,
    pub(super) by: Provisioner,
    pub(super) projection: Projection,
}

/// What was found of one type.
pub(super) struct Part {
    pub(super) found: Found,
    pub(super) kind: &'static kiro_scim::ResourceType,
    /// Whether with whom they are related to.
    pub(super) related: bool,
}

/// Which page it is.
pub(super) struct Frame {
    pub(super) paging: Paging,
    pub(super) total: Option<usize>,
    pub(super) next: Option<String>,
}

impl Reader {
    pub(super) fn of(center: &Arc<Center>, by: &Provisioner, projection: &Projection) -> Reader {
        Reader {
            center: Arc::clone(center),
            by: by.clone(),
            projection: projection.clone(),
        }
    }

    /// A resource by itself.
    pub(super) async fn one(self, one: Provisioned, mut pen: Pen) -> Result<(), Fault> {
        self.resource(one, &mut pen).await?;
        pen.end().await;
        Ok(())
    }

    /// A page of a list.
    pub(super) async fn list(
        self,
        parts: Vec<Part>,
        frame: Frame,
        mut pen: Pen,
    ) -> Result<(), Fault> {
        let page = Page {
            paging: &frame.paging,
            total: frame.total,
            next: frame.next.as_deref(),
        };
        let around = |count| around(&page.around(count), RESOURCES);
        let mut written = 0;
        pen.write(&around(0).0).await;
        for part in parts {
            self.part(part, &mut written, &mut pen).await?;
        }
        pen.write(&around(written).1).await;
        pen.end().await;
        Ok(())
    }

    async fn part(&self, part: Part, written: &mut usize, pen: &mut Pen) -> Result<(), Fault> {
        let Part {
            found,
            kind,
            related,
        } = part;
        let (mut page, mut rest) = (found.page, found.rest);
        loop {
            for one in page {
                if *written > 0 {
                    pen.write(b",").await;
                }
                *written += 1;
                self.resource(one, pen).await?;
            }
            if rest.is_empty() {
                return Ok(());
            }
            let next: Vec<Place> = rest.iter().take(AT_ONCE).cloned().collect();
            let store = &self.center.store;
            let (read, looked) = store.provisioned_at(&self.by, kind, next, related).await?;
            page = read;
            rest.drain(..looked);
        }
    }

    /// A resource. Of a group with many members the next ones are read when the last ones are written.
    async fn resource(&self, mut one: Provisioned, pen: &mut Pen) -> Result<(), Fault> {
        let whole = self.document(&one);
        let Some(members) = whole.get(MEMBERS).filter(|_| one.has_more) else {
            pen.object(&whole).await;
            return Ok(());
        };
        let (before, behind) = around(&whole, MEMBERS);
        pen.write(&before).await;
        pen.write(&inside(members)).await;
        while one.has_more {
            let store = &self.center.store;
            let next = store.with_next_members(&self.by, one).await?;
            one = next.ok_or(Refusal::NotFound("group"))?;
            if let Some(members) = self.document(&one).get(MEMBERS) {
                pen.write(b",").await;
                pen.write(&inside(members)).await;
            }
        }
        pen.write(&behind).await;
        Ok(())
    }

    fn document(&self, one: &Provisioned) -> kiro_scim::json::Object {
        let base = base(self.center.settings.issuer(), &self.by.organization);
        document(&base, &self.by, one, &self.projection)
    }
}

const MEMBERS: &str = "members";

/// The values of a list, without its brackets.
fn inside(list: &serde_json::Value) -> Vec<u8> {
    let text = list.to_string();
    let inside = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    inside.unwrap_or_default().as_bytes().to_vec()
}
