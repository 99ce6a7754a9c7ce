-- Who did what, when, from where, and how it ended. Each row's digest covers its own columns and the digest of the row before it.
CREATE TABLE audit (
  number BIGINT NOT NULL PRIMARY KEY,
  at BIGINT NOT NULL,
  organization TEXT,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  outcome TEXT NOT NULL,
  address TEXT,
  user_agent TEXT,
  detail TEXT NOT NULL,
  digest BYTES NOT NULL
);
CREATE INDEX audit_at ON audit (at);
-- Where the chain ends, and where it begins since the oldest rows were forgotten; locked by whoever adds to it.
CREATE TABLE audit_chain (
  single BIGINT NOT NULL PRIMARY KEY,
  last_number BIGINT NOT NULL,
  last_digest BYTES NOT NULL,
  forgotten_number BIGINT NOT NULL,
  forgotten_digest BYTES NOT NULL
);
