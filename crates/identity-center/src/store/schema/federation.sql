-- Identity providers that an organisation's people sign in at; the client secret is sealed under the master key.
CREATE TABLE connections (
  id BYTES NOT NULL PRIMARY KEY,
  organization TEXT NOT NULL REFERENCES organizations (name),
  name TEXT NOT NULL,
  details TEXT NOT NULL,
  sealed BYTES NOT NULL,
  active BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  modified_at BIGINT NOT NULL,
  UNIQUE (organization, name)
);
-- Whose names lead where: a domain belongs to one connection.
CREATE TABLE realms (
  domain TEXT NOT NULL PRIMARY KEY,
  connection BYTES NOT NULL REFERENCES connections (id)
);
CREATE INDEX realms_connection ON realms (connection);
-- Who somebody at a provider is here: made at the first sign-in, and final. A person has one at each connection.
CREATE TABLE links (
  connection BYTES NOT NULL REFERENCES connections (id),
  subject TEXT NOT NULL,
  user_id BYTES NOT NULL REFERENCES users (id),
  linked_at BIGINT NOT NULL,
  PRIMARY KEY (connection, subject),
  UNIQUE (connection, user_id)
);
CREATE INDEX links_user ON links (user_id);
-- Test sign-ins of a connection: the digest of the link, and what came of it.
CREATE TABLE trials (
  digest BYTES NOT NULL PRIMARY KEY,
  connection BYTES NOT NULL REFERENCES connections (id),
  outcome TEXT,
  expires_at BIGINT NOT NULL
);
CREATE INDEX trials_connection ON trials (connection);
