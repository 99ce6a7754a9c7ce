-- A sign-in under way at the service, from /authorize (or a device code's page) to the code.
CREATE TABLE authorizations (
  id BYTES NOT NULL PRIMARY KEY,
  cookie_digest BYTES NOT NULL,
  request TEXT NOT NULL,
  progress TEXT NOT NULL,
  version BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX authorizations_expiry ON authorizations (expires_at);
-- A browser in which somebody has signed in: the next application asks no password.
CREATE TABLE browser_sessions (
  digest BYTES NOT NULL PRIMARY KEY,
  user_id BYTES NOT NULL REFERENCES users (id),
  authentication TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX browser_sessions_user ON browser_sessions (user_id);
-- What one application was granted for one person. A code is its first form: the row is made with the code and lives when it is redeemed.
-- (state: offered, live, ended)
CREATE TABLE sessions (
  id BYTES NOT NULL PRIMARY KEY,
  user_id BYTES NOT NULL REFERENCES users (id),
  client_id TEXT NOT NULL,
  state TEXT NOT NULL,
  code_digest BYTES UNIQUE,
  code_expires_at BIGINT,
  redirect_uri TEXT,
  code_challenge TEXT,
  nonce TEXT,
  scopes TEXT NOT NULL,
  authentication TEXT NOT NULL,
  binding TEXT,
  rotation BIGINT NOT NULL,
  rotated_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  ended_at BIGINT,
  ended_because TEXT
);
CREATE INDEX sessions_user ON sessions (user_id, state);
CREATE INDEX sessions_expiry ON sessions (expires_at);
-- (state: pending, approved, denied, redeemed)
CREATE TABLE device_codes (
  digest BYTES NOT NULL PRIMARY KEY,
  user_code_digest BYTES NOT NULL UNIQUE,
  client_id TEXT NOT NULL,
  organization TEXT NOT NULL,
  scopes TEXT NOT NULL,
  place TEXT NOT NULL,
  state TEXT NOT NULL,
  session_id BYTES,
  interval_seconds BIGINT NOT NULL,
  asked_at BIGINT,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX device_codes_expiry ON device_codes (expires_at);
