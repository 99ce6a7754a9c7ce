//! What somebody is in, and whom a group has in it. Members may be many: so many are read at once, and the rest behind them, each time
//! in a transaction of its own, so that nobody who reads slowly holds one open.

use kiro_scim::{Reference, ResourceType, USER};

use super::super::{Row, Store, StoreError, Tx, values};
use super::list::{Place, at};
use super::{exact, users};
use crate::id::{GroupId, UserId};
use crate::provisioning::{Provisioned, Provisioner};

/// So many members are read at once.
pub const MEMBERS: usize = 500;
/// No more people or groups are read together than have so many groups and members, and one.
const ENOUGH: usize = 1000;

impl Store {
    /// The group with the members behind those that it has been read with; `None` where it is gone.
    pub async fn with_next_members(
        &self,
        by: &Provisioner,
        group: Provisioned,
    ) -> Result<Option<Provisioned>, StoreError> {
        let by = by.clone();
        self.read(move |tx| {
            let (by, mut group) = (by.clone(), group.clone());
            Box::pin(async move {
                let Some(id) = exact::<GroupId>(&group.id) else {
                    return Ok(None);
                };
                let sql = "SELECT 1 FROM groups WHERE id = $1 AND connection = $2";
                if tx.row(sql, values![id, by.id]).await?.is_none() {
                    return Ok(None);
                }
                let last = group.related.last().and_then(|last| exact(&last.id));
                some_members(tx, &by, id, last, &mut group).await?;
                Ok(Some(group))
            })
        })
        .await
    }

    /// Those at the first of these places, with whom they are related to if `related`, and how many places that were: fewer than all
    /// where there is much to tell of them. Who is gone meanwhile is left out.
    pub async fn provisioned_at(
        &self,
        by: &Provisioner,
        kind: &'static ResourceType,
        places: Vec<Place>,
        related: bool,
    ) -> Result<(Vec<Provisioned>, usize), StoreError> {
        let by = by.clone();
        self.read(move |tx| {
            let (by, places) = (by.clone(), places.clone());
            Box::pin(async move {
                let mut found = at(tx, &by, kind, &places).await?;
                let together = match related {
                    true => relate_some(tx, &by, &mut found).await?,
                    false => found.len(),
                };
                let next = found.get(together).map(Place::of);
                found.truncate(together);
                let is_next = |place: &Place| Some(place) == next.as_ref();
                let looked = places.iter().position(is_next);
                Ok((found, looked.unwrap_or(places.len())))
            })
        })
        .await
    }
}

/// Relates the first of these until they have enough, and returns how many those are.
pub(super) async fn relate_some(
    tx: &mut Tx<'_>,
    by: &Provisioner,
    all: &mut [Provisioned],
) -> Result<usize, StoreError> {
    let mut related = 0;
    for (place, one) in all.iter_mut().enumerate() {
        if related > ENOUGH {
            return Ok(place);
        }
        relate(tx, by, one).await?;
        related += one.related.len();
    }
    Ok(all.len())
}

/// The same one, with whom or what it is related to if `related`.
pub(super) async fn told(
    tx: &mut Tx<'_>,
    by: &Provisioner,
    mut one: Provisioned,
    related: bool,
) -> Result<Provisioned, StoreError> {
    if related {
        relate(tx, by, &mut one).await?;
    }
    Ok(one)
}

/// The same one, with all whom or what it is related to: for filters that ask for them.
pub(super) async fn whole(
    tx: &mut Tx<'_>,
    by: &Provisioner,
    one: &mut Provisioned,
) -> Result<(), StoreError> {
    if *one.resource.kind() == USER {
        return relate(tx, by, one).await;
    }
    if let Some(id) = exact(&one.id) {
        one.related = members(tx, by, id, None, i64::MAX).await?;
    }
    Ok(())
}

async fn relate(
    tx: &mut Tx<'_>,
    by: &Provisioner,
    one: &mut Provisioned,
) -> Result<(), StoreError> {
    if *one.resource.kind() != USER {
        return match exact(&one.id) {
            Some(id) => some_members(tx, by, id, None, one).await,
            None => Ok(()),
        };
    }
    if let Some(id) = exact(&one.id) {
        one.related = users::groups_of(tx, by, id).await?;
    }
    Ok(())
}

/// The first members of a group behind this one.
async fn some_members(
    tx: &mut Tx<'_>,
    by: &Provisioner,
    group: GroupId,
    last: Option<UserId>,
    into: &mut Provisioned,
) -> Result<(), StoreError> {
    let one_more = i64::try_from(MEMBERS + 1).unwrap_or(i64::MAX);
    into.related = members(tx, by, group, last, one_more).await?;
    into.has_more = into.related.len() > MEMBERS;
    into.related.truncate(MEMBERS);
    Ok(())
}

/// So many members of a group behind this one, as far as the connection sees them. Each is looked up by itself: in a join a database that
/// knows nothing of its tables yet begins with all people.
pub(in super::super) async fn members(
    tx: &mut Tx<'_>,
    by: &Provisioner,
    group: GroupId,
    last: Option<UserId>,
    most: i64,
) -> Result<Vec<Reference>, StoreError> {
    // An id of zeros is nobody's.
    let last = last.map_or(vec![0; 16], |last| last.bytes().to_vec());
    let sql = "SELECT m.user_id, (SELECT u.display_name FROM users u WHERE u.id = m.user_id) FROM members m \
               WHERE m.group_id = $1 AND m.user_id > $3 AND (SELECT u.connection FROM users u WHERE u.id = m.user_id) = $2 \
               ORDER BY m.user_id LIMIT $4";
    let rows = tx.query(sql, values![group, by.id, last, most]).await?;
    let related = |row: &Row| {
        Ok(Reference {
            id: row.id::<UserId>(0)?.to_string(),
            display: row.text(1)?.to_owned(),
        })
    };
    rows.iter().map(related).collect()
}
