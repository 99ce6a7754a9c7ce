-- When the last back-up was made.
CREATE TABLE back_up (
  single BIGINT NOT NULL PRIMARY KEY,
  made_at BIGINT NOT NULL
);
