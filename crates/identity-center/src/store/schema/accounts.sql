-- AWS accounts, the roles in them (a permission set is a role of the same name in each account where it is assigned), and who may
-- take which: a user, or whoever is in a group.
CREATE TABLE accounts (
  organization TEXT NOT NULL REFERENCES organizations (name),
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  PRIMARY KEY (organization, id)
);
CREATE TABLE permission_sets (
  organization TEXT NOT NULL REFERENCES organizations (name),
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  session_seconds BIGINT NOT NULL,
  PRIMARY KEY (organization, name)
);
-- (principal: the id of a user or of a group; nobody else ever has it)
CREATE TABLE assignments (
  organization TEXT NOT NULL,
  account_id TEXT NOT NULL,
  permission_set TEXT NOT NULL,
  principal BYTES NOT NULL,
  PRIMARY KEY (organization, account_id, permission_set, principal),
  FOREIGN KEY (organization, account_id) REFERENCES accounts (organization, id),
  FOREIGN KEY (organization, permission_set) REFERENCES permission_sets (organization, name)
) KEYED;
CREATE INDEX assignments_principal ON assignments (principal);
