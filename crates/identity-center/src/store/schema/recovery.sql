-- 1: the person's recovery codes were made void by a restoration, and they are shown new ones when they next sign in.
ALTER TABLE totp ADD COLUMN recovery_due BIGINT NOT NULL DEFAULT 0;
