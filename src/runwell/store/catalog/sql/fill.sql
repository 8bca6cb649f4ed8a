-- Fills the catalog from catalog_relation, catalog_column and catalog_type. Runs once, at the start.

INSERT INTO pg_namespace BY NAME
SELECT unnest([11, 2200, 13000]) AS oid, unnest(['pg_catalog', 'public', 'information_schema']) AS nspname,
  10 AS nspowner;

INSERT INTO pg_database BY NAME
SELECT 5 AS oid, 'runwell' AS datname, 10 AS datdba, 6 AS encoding, 'c' AS datlocprovider,
  true AS datallowconn, -1 AS datconnlimit, 1663 AS dattablespace,
  'C.UTF-8' AS datcollate, 'C.UTF-8' AS datctype;

INSERT INTO pg_tablespace BY NAME SELECT 1663 AS oid, 'pg_default' AS spcname, 10 AS spcowner;

INSERT INTO pg_roles BY NAME
SELECT 10 AS oid, 'runwell' AS rolname, true AS rolinherit, true AS rolcanlogin, -1 AS rolconnlimit;

INSERT INTO pg_user BY NAME SELECT 'runwell' AS usename, 10 AS usesysid;

INSERT INTO pg_am BY NAME SELECT 2 AS oid, 'heap' AS amname, 't' AS amtype;

INSERT INTO pg_type BY NAME
SELECT
  oid, name AS typname, 11 AS typnamespace, 10 AS typowner, size AS typlen, size > 0 AS typbyval,
  'b' AS typtype, category AS typcategory, true AS typisdefined, ',' AS typdelim,
  coalesce(element, 0) AS typelem, array_oid AS typarray, -1 AS typtypmod, 'i' AS typalign,
  CASE WHEN size > 0 THEN 'p' ELSE 'x' END AS typstorage,
  name || '_in' AS typinput, name || '_out' AS typoutput, name || '_recv' AS typreceive,
  name || '_send' AS typsend,
  CASE WHEN category = 'S' THEN 100 ELSE 0 END AS typcollation
FROM catalog_type;

-- The documented relations are views in `public`, the catalog's own stand where PostgreSQL has them.
INSERT INTO pg_class BY NAME
SELECT
  oid, name AS relname, 2200 AS relnamespace, 10 AS relowner, -1 AS reltuples, 'p' AS relpersistence,
  'v' AS relkind, (SELECT count(*) FROM catalog_column AS c WHERE c.relation = r.name) AS relnatts,
  true AS relispopulated, 'n' AS relreplident
FROM catalog_relation AS r;

INSERT INTO pg_class BY NAME
SELECT
  coalesce(
    CAST(map {'pg_type': 1247, 'pg_attribute': 1249, 'pg_proc': 1255, 'pg_class': 1259,
      'pg_database': 1262, 'pg_constraint': 2606, 'pg_description': 2609, 'pg_namespace': 2615,
      'pg_extension': 3079}[table_name] AS UINTEGER),
    CAST(5000 + row_number() OVER (ORDER BY table_name) AS UINTEGER)
  ) AS oid,
  replace(table_name, 'information_schema_', '') AS relname,
  CASE WHEN table_name LIKE 'pg_%' THEN 11 ELSE 13000 END AS relnamespace, 10 AS relowner,
  'p' AS relpersistence, CASE WHEN table_name LIKE 'pg_%' THEN 'r' ELSE 'v' END AS relkind,
  column_count AS relnatts, true AS relispopulated, 'n' AS relreplident
FROM duckdb_tables()
WHERE table_name LIKE 'pg_%' OR table_name LIKE 'information_schema_%';

INSERT INTO pg_attribute BY NAME
SELECT
  r.oid AS attrelid, c.name AS attname, c.type AS atttypid, -1 AS attstattarget, t.size AS attlen,
  c.number AS attnum, -1 AS attcacheoff, -1 AS atttypmod, t.size > 0 AS attbyval, 'i' AS attalign,
  CASE WHEN t.size > 0 THEN 'p' ELSE 'x' END AS attstorage, '' AS attcompression, '' AS attidentity,
  '' AS attgenerated, true AS attislocal, CASE WHEN t.category = 'S' THEN 100 ELSE 0 END AS attcollation
FROM catalog_column AS c
JOIN catalog_relation AS r ON r.name = c.relation
JOIN catalog_type AS t ON t.oid = c.type;

INSERT INTO pg_description BY NAME
SELECT oid AS objoid, 1259 AS classoid, 0 AS objsubid, about AS description
FROM catalog_relation
WHERE about <> ''
UNION ALL
SELECT r.oid, 1259, c.number, c.about
FROM catalog_column AS c
JOIN catalog_relation AS r ON r.name = c.relation
WHERE c.about <> '';

INSERT INTO pg_views BY NAME
SELECT 'public' AS schemaname, name AS viewname, 'runwell' AS viewowner, '' AS definition
FROM catalog_relation;

INSERT INTO information_schema_schemata BY NAME
SELECT 'runwell' AS catalog_name, nspname AS schema_name, 'runwell' AS schema_owner
FROM pg_namespace;

INSERT INTO information_schema_tables BY NAME
SELECT 'runwell' AS table_catalog, 'public' AS table_schema, name AS table_name,
  'VIEW' AS table_type, 'NO' AS is_insertable_into, 'NO' AS is_typed
FROM catalog_relation;

INSERT INTO information_schema_views BY NAME
SELECT 'runwell' AS table_catalog, 'public' AS table_schema, name AS table_name, '' AS view_definition,
  'NONE' AS check_option, 'NO' AS is_updatable, 'NO' AS is_insertable_into
FROM catalog_relation;

INSERT INTO information_schema_columns BY NAME
SELECT
  'runwell' AS table_catalog, 'public' AS table_schema, c.relation AS table_name,
  c.name AS column_name, c.number AS ordinal_position, 'YES' AS is_nullable,
  CASE WHEN t.category = 'A' THEN 'ARRAY' ELSE t.shown END AS data_type,
  map {'int2': 16, 'int4': 32, 'int8': 64, 'float4': 24, 'float8': 53}[t.name] AS numeric_precision,
  CASE WHEN t.category = 'N' THEN CASE WHEN t.name LIKE 'float%' THEN 10 ELSE 2 END END
    AS numeric_precision_radix,
  CASE WHEN t.name LIKE 'int%' AND t.category = 'N' THEN 0 END AS numeric_scale,
  CASE WHEN t.name LIKE 'time%' THEN 6 END AS datetime_precision,
  'runwell' AS udt_catalog, 'pg_catalog' AS udt_schema, t.name AS udt_name,
  CAST(c.number AS VARCHAR) AS dtd_identifier, 'NO' AS is_self_referencing, 'NO' AS is_identity,
  'NEVER' AS is_generated, 'NO' AS is_updatable
FROM catalog_column AS c
JOIN catalog_type AS t ON t.oid = c.type
ORDER BY c.relation, c.number;
