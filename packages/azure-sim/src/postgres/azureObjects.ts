/**
 * What Azure adds to PostgreSQL for Microsoft Entra (learn.microsoft.com "Manage Microsoft Entra roles in Azure Database for
 * PostgreSQL"): functions, in database postgres alone. There the object id of a role is in its security label; a label needs a
 * module of the server, so here a table has it. Columns are as the service returns them, not as the page spells them.
 */
export const azureObjects = `
CREATE ROLE azure_pg_admin NOLOGIN;

CREATE SCHEMA pgaadauth;
GRANT USAGE ON SCHEMA pgaadauth TO azure_pg_admin;
CREATE TABLE pgaadauth.labels (
  role oid PRIMARY KEY,
  objectid text NOT NULL,
  principaltype text NOT NULL,
  isadmin boolean NOT NULL,
  ismfa boolean NOT NULL
);
/* Who is in the tenant. */
CREATE TABLE pgaadauth.tenant (id uuid NOT NULL);
CREATE TABLE pgaadauth.directory (objectid text PRIMARY KEY);

CREATE FUNCTION pgaadauth.expect_in_tenant(objectid text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pgaadauth.directory d WHERE d.objectid = lower($1)) THEN
    RAISE EXCEPTION 'Could not validate AAD user <%> because its name is not found in the tenant.', $1
      USING ERRCODE = 'internal_error';
  END IF;
END $$;

CREATE FUNCTION pgaadauth.label(name text, objectid text, objecttype text, isadmin boolean, ismfa boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF NOT pg_has_role(session_user, 'azure_pg_admin', 'member') THEN
    RAISE EXCEPTION 'permission denied to label role "%"', name USING ERRCODE = 'insufficient_privilege';
  END IF;
  DELETE FROM pgaadauth.labels l WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = l.role);
  INSERT INTO pgaadauth.labels
    SELECT r.oid, lower(objectid), objecttype, isadmin, ismfa FROM pg_roles r WHERE r.rolname = name;
  IF isadmin THEN
    EXECUTE format('GRANT azure_pg_admin TO %I', name);
  END IF;
END $$;
REVOKE ALL ON FUNCTION pgaadauth.expect_in_tenant, pgaadauth.label FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pgaadauth.expect_in_tenant, pgaadauth.label TO azure_pg_admin;

SET allow_system_table_mods = on;

/* The caller creates the role, and so may administer it. */
CREATE FUNCTION pg_catalog.pgaadauth_create_principal_with_oid(
  rolename text, objectid text, objecttype text, isadmin boolean, ismfa boolean
) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF objecttype NOT IN ('user', 'group', 'service') THEN
    RAISE EXCEPTION 'invalid object type "%"', objecttype USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM pgaadauth.expect_in_tenant(objectid);
  EXECUTE format('CREATE ROLE %I LOGIN %s', rolename, CASE WHEN isadmin THEN 'CREATEROLE CREATEDB' ELSE '' END);
  PERFORM pgaadauth.label(rolename, objectid, objecttype, isadmin, ismfa);
  RETURN format('Created role for %I', rolename);
END $$;

CREATE FUNCTION pg_catalog.pgaadauth_list_principals(isadminvalue boolean)
RETURNS TABLE (rolname name, principaltype text, objectid text, tenantid text, ismfa integer, isadmin integer)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT r.rolname, l.principaltype, l.objectid, t.id::text, l.ismfa::integer, l.isadmin::integer
  FROM pgaadauth.labels l JOIN pg_roles r ON r.oid = l.role CROSS JOIN pgaadauth.tenant t
  WHERE l.isadmin OR NOT isadminvalue
$$;
REVOKE ALL ON FUNCTION pg_catalog.pgaadauth_create_principal_with_oid, pg_catalog.pgaadauth_list_principals FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pg_catalog.pgaadauth_create_principal_with_oid, pg_catalog.pgaadauth_list_principals
  TO azure_pg_admin;

RESET allow_system_table_mods;
`;
