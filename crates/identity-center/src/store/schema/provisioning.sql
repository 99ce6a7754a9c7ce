-- Who provisions an organisation's people and groups by SCIM. Its id is that of the connection to the identity provider, where there is
-- one: whom it provisions, may sign in there. (manner: rfc, aws; left: so many people were deactivated or removed through it within the
-- hour since left_since, when it had left_of; alerted: whether that was told)
CREATE TABLE provisioners (
  id BYTES NOT NULL PRIMARY KEY,
  organization TEXT NOT NULL REFERENCES organizations (name),
  name TEXT NOT NULL,
  manner TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_push_at BIGINT,
  left_since BIGINT NOT NULL DEFAULT 0,
  left_of BIGINT NOT NULL DEFAULT 0,
  left_count BIGINT NOT NULL DEFAULT 0,
  alerted BIGINT NOT NULL DEFAULT 0,
  UNIQUE (organization, name)
);
CREATE TABLE scim_tokens (
  digest BYTES NOT NULL PRIMARY KEY,
  id BYTES NOT NULL UNIQUE,
  provisioner BYTES NOT NULL REFERENCES provisioners (id),
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  last_used_at BIGINT
);
CREATE INDEX scim_tokens_provisioner ON scim_tokens (provisioner);
-- (said: what the provider says beside the other columns, as JSON; display_name_folded: none where it says no displayName;
-- deactivated_at: when the provider last said that they may not sign in; none where an administrator has said anything since)
ALTER TABLE users ADD COLUMN said TEXT;
ALTER TABLE users ADD COLUMN display_name_folded TEXT;
ALTER TABLE users ADD COLUMN deactivated_at BIGINT;
ALTER TABLE groups ADD COLUMN said TEXT;
CREATE INDEX users_provisioned ON users (connection, created_at, id);
CREATE INDEX groups_provisioned ON groups (connection, created_at, id);
CREATE INDEX groups_external ON groups (organization, external_id);
-- Every address of a provisioned person, folded.
CREATE TABLE emails (
  folded TEXT NOT NULL,
  user_id BYTES NOT NULL REFERENCES users (id),
  PRIMARY KEY (folded, user_id)
) KEYED;
CREATE INDEX emails_user ON emails (user_id);
CREATE INDEX audit_actor ON audit (organization, actor, number);
