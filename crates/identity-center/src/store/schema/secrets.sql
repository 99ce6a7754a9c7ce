-- The service's own keys, each sealed under the master key that `sealed_under` names.
CREATE TABLE signing_keys (
  id TEXT NOT NULL PRIMARY KEY,
  algorithm TEXT NOT NULL,
  public_jwk TEXT NOT NULL,
  sealed BYTES NOT NULL,
  sealed_under TEXT NOT NULL,
  state TEXT NOT NULL,
  published_at BIGINT NOT NULL,
  active_at BIGINT NOT NULL,
  retired_at BIGINT
);
CREATE TABLE token_keys (
  number BIGINT NOT NULL PRIMARY KEY,
  sealed BYTES NOT NULL,
  sealed_under TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
-- What tells the right master key from a wrong one; locked by whoever changes the keys above.
CREATE TABLE master_key (
  single BIGINT NOT NULL PRIMARY KEY,
  sealed BYTES NOT NULL,
  sealed_under TEXT NOT NULL
);
