-- Authorization requests that an application has pushed (RFC 9126), until the browser comes.
CREATE TABLE pushed_requests (
  digest BYTES NOT NULL PRIMARY KEY,
  client_id TEXT NOT NULL,
  request TEXT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX pushed_requests_expiry ON pushed_requests (expires_at);
-- DPoP proofs that were taken (RFC 9449 §11.1), as long as their nonce is good.
CREATE TABLE dpop_proofs (
  digest BYTES NOT NULL PRIMARY KEY,
  expires_at BIGINT NOT NULL
) KEYED;
CREATE INDEX dpop_proofs_expiry ON dpop_proofs (expires_at);
-- Ended sessions whose applications are to be told (Back-Channel Logout 1.0).
CREATE TABLE logouts (
  session_id BYTES NOT NULL PRIMARY KEY,
  user_id BYTES NOT NULL,
  client_id TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  due_at BIGINT NOT NULL
);
CREATE INDEX logouts_due ON logouts (due_at);
