-- Mooring's own user and roles. A member of db_owner, such as the server's Microsoft Entra administrator, runs this in every database
-- that the catalog lists. Without the first statement it may run again.
-- FROM EXTERNAL PROVIDER asks Microsoft Entra for the name of Mooring's identity; the server's own identity needs Directory Readers.
CREATE USER [mooring] FROM EXTERNAL PROVIDER;
-- Mooring makes and drops users, and sees who is in a role. Neither reads a row.
GRANT ALTER ANY USER TO [mooring];
GRANT VIEW DEFINITION TO [mooring];
-- What each role bundle gives (docs/catalog.md).
IF DATABASE_PRINCIPAL_ID(N'mooring_reader') IS NULL CREATE ROLE [mooring_reader] AUTHORIZATION [dbo];
GRANT SELECT TO [mooring_reader];
IF DATABASE_PRINCIPAL_ID(N'mooring_writer') IS NULL CREATE ROLE [mooring_writer] AUTHORIZATION [dbo];
GRANT SELECT, INSERT, UPDATE, DELETE TO [mooring_writer];
IF DATABASE_PRINCIPAL_ID(N'mooring_executor') IS NULL CREATE ROLE [mooring_executor] AUTHORIZATION [dbo];
GRANT EXECUTE TO [mooring_executor];
-- Mooring changes their members (learn.microsoft.com, ALTER ROLE, Permissions), and may change those of no other role.
GRANT ALTER ON ROLE::[mooring_reader] TO [mooring];
GRANT ALTER ON ROLE::[mooring_writer] TO [mooring];
GRANT ALTER ON ROLE::[mooring_executor] TO [mooring];
