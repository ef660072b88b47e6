-- Mooring's own user. The server's Microsoft Entra administrator runs this in every database that the catalog lists.
-- db_owner, because only its members may change who is in a fixed database role (learn.microsoft.com, ALTER ROLE, Permissions).
-- FROM EXTERNAL PROVIDER asks Microsoft Entra for the name of Mooring's identity; the server's own identity needs Directory Readers.
CREATE USER [mooring] FROM EXTERNAL PROVIDER;
ALTER ROLE [db_owner] ADD MEMBER [mooring];
