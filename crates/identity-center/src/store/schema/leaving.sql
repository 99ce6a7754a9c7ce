-- (left: the last event, from left_since to left_until; left_lately: who left within the last hour, by minutes, JSON)
ALTER TABLE provisioners ADD COLUMN left_until BIGINT NOT NULL DEFAULT 0;
UPDATE provisioners SET left_until = left_since + 3600000;
ALTER TABLE provisioners ADD COLUMN left_lately TEXT NOT NULL DEFAULT '[]';
