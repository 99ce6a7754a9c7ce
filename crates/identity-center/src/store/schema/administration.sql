-- Who looks after an organisation, and how far they may go.
CREATE TABLE administrators (
  user_id BYTES NOT NULL PRIMARY KEY REFERENCES users (id),
  organization TEXT NOT NULL REFERENCES organizations (name),
  role TEXT NOT NULL,
  since BIGINT NOT NULL
);
CREATE INDEX administrators_organization ON administrators (organization);
-- Links by which somebody sets a password, once. Without a user, whoever opens it becomes an owner.
CREATE TABLE setup_links (
  digest BYTES NOT NULL PRIMARY KEY,
  organization TEXT NOT NULL REFERENCES organizations (name),
  user_id BYTES REFERENCES users (id),
  expires_at BIGINT NOT NULL
);
CREATE INDEX audit_organization ON audit (organization, number);
-- When somebody last came through it, to the minute.
ALTER TABLE connections ADD COLUMN last_sign_in_at BIGINT;
