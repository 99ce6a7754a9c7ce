-- Which models whoever is in a group may use. (plans: whether people's models depend on their groups; an administrator alone ends
-- that, lest everybody have everything once a provider removes the last group that has a plan. inference: where and by which role
-- models are asked, as JSON; none where nobody said)
ALTER TABLE organizations ADD COLUMN plans BIGINT NOT NULL DEFAULT 0;
ALTER TABLE organizations ADD COLUMN inference TEXT;
CREATE TABLE plans (
  group_id BYTES NOT NULL REFERENCES groups (id),
  model TEXT NOT NULL,
  PRIMARY KEY (group_id, model)
) KEYED;
