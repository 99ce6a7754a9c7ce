-- What a session gives its application by name, beside what its scopes give (JSON; none where there is none).
ALTER TABLE sessions ADD COLUMN claims TEXT;
