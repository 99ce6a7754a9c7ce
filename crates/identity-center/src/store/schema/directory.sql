-- Organisations, people and groups. A folded name is compared, the other is shown.
CREATE TABLE organizations (
  name TEXT NOT NULL PRIMARY KEY,
  title TEXT NOT NULL,
  contact TEXT NOT NULL,
  second_factor BIGINT NOT NULL DEFAULT 1,
  created_at BIGINT NOT NULL
);
-- (ended_at: when everything of theirs was last ended; nothing that was proved before it counts any more)
CREATE TABLE users (
  id BYTES NOT NULL PRIMARY KEY,
  organization TEXT NOT NULL REFERENCES organizations (name),
  user_name TEXT NOT NULL,
  user_name_folded TEXT NOT NULL,
  external_id TEXT,
  connection BYTES,
  display_name TEXT NOT NULL,
  given_name TEXT,
  family_name TEXT,
  email TEXT,
  active BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  modified_at BIGINT NOT NULL,
  version BIGINT NOT NULL,
  ended_at BIGINT NOT NULL DEFAULT 0,
  UNIQUE (organization, user_name_folded)
);
CREATE INDEX users_external ON users (organization, external_id);
CREATE TABLE groups (
  id BYTES NOT NULL PRIMARY KEY,
  organization TEXT NOT NULL REFERENCES organizations (name),
  display_name TEXT NOT NULL,
  display_name_folded TEXT NOT NULL,
  external_id TEXT,
  connection BYTES,
  created_at BIGINT NOT NULL,
  modified_at BIGINT NOT NULL,
  version BIGINT NOT NULL,
  UNIQUE (organization, display_name_folded)
);
CREATE TABLE members (
  group_id BYTES NOT NULL REFERENCES groups (id),
  user_id BYTES NOT NULL REFERENCES users (id),
  PRIMARY KEY (group_id, user_id)
) KEYED;
CREATE INDEX members_user ON members (user_id);
-- What a native user signs in with. The TOTP seed is sealed under the master key; used codes are remembered by their time step.
CREATE TABLE passwords (
  user_id BYTES NOT NULL PRIMARY KEY REFERENCES users (id),
  hash TEXT NOT NULL,
  changed_at BIGINT NOT NULL
);
CREATE TABLE totp (
  user_id BYTES NOT NULL PRIMARY KEY REFERENCES users (id),
  sealed BYTES NOT NULL,
  last_step BIGINT NOT NULL,
  enrolled_at BIGINT NOT NULL
);
CREATE TABLE recovery_codes (
  user_id BYTES NOT NULL REFERENCES users (id),
  digest BYTES NOT NULL,
  PRIMARY KEY (user_id, digest)
) KEYED;
-- Failed attempts by what was typed, whether or not anybody has that name.
CREATE TABLE attempts (
  organization TEXT NOT NULL,
  name_digest BYTES NOT NULL,
  failures BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  locked_until BIGINT NOT NULL,
  PRIMARY KEY (organization, name_digest)
);
