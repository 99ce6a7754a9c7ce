-- Whom a connection provisioned that was removed since is the administrator's.
UPDATE users SET connection = NULL, external_id = NULL, deactivated_at = NULL WHERE connection IS NOT NULL
  AND connection NOT IN (SELECT id FROM connections) AND connection NOT IN (SELECT id FROM provisioners);
UPDATE groups SET connection = NULL, external_id = NULL WHERE connection IS NOT NULL
  AND connection NOT IN (SELECT id FROM connections) AND connection NOT IN (SELECT id FROM provisioners);
