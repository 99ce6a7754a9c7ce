-- Applications: those that an AWS client registers by itself, and those that an administrator has made for OpenID Connect.
CREATE TABLE clients (
  id TEXT NOT NULL PRIMARY KEY,
  organization TEXT REFERENCES organizations (name),
  wire TEXT NOT NULL,
  secret_digest BYTES,
  name TEXT NOT NULL,
  details TEXT NOT NULL,
  issued_at BIGINT NOT NULL,
  expires_at BIGINT
);
CREATE INDEX clients_expiry ON clients (expires_at);
