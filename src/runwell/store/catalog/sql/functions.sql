-- PostgreSQL's functions about the catalog and the session, as far as clients call them.

-- A macro's argument is text of the question: within these subqueries no column may have a name that
-- it could mean.
CREATE VIEW lookup_type AS
SELECT oid AS type__oid, name AS type__name, shown AS type__shown FROM catalog_type;
CREATE VIEW lookup_relation AS
SELECT oid AS relation__oid, relname AS relation__name, relnamespace AS relation__schema FROM pg_class;
CREATE VIEW lookup_schema AS SELECT oid AS schema__oid, nspname AS schema__name FROM pg_namespace;
CREATE VIEW lookup_about AS
SELECT objoid AS about__oid, objsubid AS about__number, description AS about__text FROM pg_description;
CREATE VIEW lookup_setting AS SELECT lower(name) AS setting__name, setting AS setting__value FROM pg_settings;

-- Names of things and back.
CREATE MACRO format_type(a, modifier) AS
  (SELECT type__shown FROM lookup_type WHERE type__oid = a);
CREATE MACRO regtype_text(a) AS coalesce(
  (SELECT type__shown FROM lookup_type WHERE type__oid = TRY_CAST(a AS UINTEGER)),
  CAST(a AS VARCHAR)
);
CREATE MACRO regclass_text(a) AS coalesce(
  (SELECT relation__name FROM lookup_relation WHERE relation__oid = TRY_CAST(a AS UINTEGER)),
  CAST(a AS VARCHAR)
);
CREATE MACRO last_name(a) AS
  replace(regexp_extract(CAST(a AS VARCHAR), '("[^"]*"|[^.]*)$', 1), '"', '');
CREATE MACRO to_regclass(a) AS coalesce(
  TRY_CAST(a AS UINTEGER),
  (SELECT min(relation__oid) FROM lookup_relation WHERE relation__name = last_name(a))
);
CREATE MACRO to_regtype(a) AS coalesce(
  TRY_CAST(a AS UINTEGER),
  (SELECT min(type__oid) FROM lookup_type WHERE last_name(a) IN (type__name, type__shown))
);
CREATE MACRO to_regnamespace(a) AS coalesce(
  TRY_CAST(a AS UINTEGER),
  (SELECT min(schema__oid) FROM lookup_schema WHERE schema__name = last_name(a))
);
CREATE MACRO to_regproc(a) AS CAST(NULL AS UINTEGER);
CREATE MACRO pg_get_userbyid(a) AS 'runwell';
CREATE MACRO obj_description
  (a) AS (SELECT min(about__text) FROM lookup_about WHERE about__oid = a AND about__number = 0),
  (a, kind) AS (
    SELECT min(about__text) FROM lookup_about
    WHERE about__oid = a AND about__number = 0 AND kind = 'pg_class'
  );
CREATE MACRO col_description(a, b) AS
  (SELECT min(about__text) FROM lookup_about WHERE about__oid = a AND about__number = b);
CREATE MACRO shobj_description(a, b) AS CAST(NULL AS VARCHAR);
CREATE MACRO quote_ident(a) AS
  CASE WHEN regexp_full_match(a, '[a-z_][a-z0-9_$]*') THEN a
    ELSE '"' || replace(a, '"', '""') || '"' END;
CREATE MACRO quote_literal(a) AS '''' || replace(CAST(a AS VARCHAR), '''', '''''') || '''';
CREATE MACRO parse_ident(a) AS
  list_transform(regexp_extract_all(a, '"[^"]*"|[^.]+'), lambda part: replace(part, '"', ''));
CREATE MACRO array_remove(a, b) AS list_filter(a, lambda member: member <> b);
CREATE MACRO array_lower(a, dimension) AS CASE WHEN len(a) > 0 THEN 1 END;
CREATE MACRO array_upper(a, dimension) AS CASE WHEN len(a) > 0 THEN len(a) END;

-- How things were made: they were not made with SQL.
CREATE MACRO pg_get_expr(a, b) AS CAST(NULL AS VARCHAR), (a, b, c) AS CAST(NULL AS VARCHAR);
CREATE MACRO pg_get_viewdef(a) AS '', (a, b) AS '';
CREATE MACRO pg_get_ruledef(a) AS '', (a, b) AS '';
CREATE MACRO pg_get_indexdef(a) AS '', (a, b, c) AS '';
CREATE MACRO pg_get_constraintdef(a) AS '', (a, b) AS '';
CREATE MACRO pg_get_triggerdef(a) AS '', (a, b) AS '';
CREATE MACRO pg_get_functiondef(a) AS '';
CREATE MACRO pg_get_function_result(a) AS '';
CREATE MACRO pg_get_function_arguments(a) AS '';
CREATE MACRO pg_get_function_identity_arguments(a) AS '';
CREATE MACRO pg_get_partkeydef(a) AS CAST(NULL AS VARCHAR);
CREATE MACRO pg_get_statisticsobjdef_columns(a) AS '';
CREATE MACRO pg_get_serial_sequence(a, b) AS CAST(NULL AS VARCHAR);

-- Sizes are not told.
CREATE MACRO pg_table_size(a) AS 0;
CREATE MACRO pg_relation_size(a) AS 0, (a, b) AS 0;
CREATE MACRO pg_total_relation_size(a) AS 0;
CREATE MACRO pg_indexes_size(a) AS 0;
CREATE MACRO pg_database_size(a) AS 0;
CREATE MACRO pg_tablespace_size(a) AS 0;
CREATE MACRO pg_size_pretty(a) AS a || ' bytes';
CREATE MACRO pg_tablespace_location(a) AS '';
CREATE MACRO pg_encoding_to_char(a) AS 'UTF8';
CREATE MACRO pg_char_to_encoding(a) AS 6;
CREATE MACRO getdatabaseencoding() AS 'UTF8';

-- All may be read and seen, nothing else.
CREATE MACRO pg_table_is_visible(a) AS
  a IN (SELECT relation__oid FROM lookup_relation WHERE relation__schema <> 13000);
CREATE MACRO pg_relation_is_publishable(a) AS false;
CREATE MACRO pg_type_is_visible(a) AS true;
CREATE MACRO pg_function_is_visible(a) AS true;
CREATE MACRO pg_operator_is_visible(a) AS true;
CREATE MACRO pg_collation_is_visible(a) AS true;
CREATE MACRO pg_opclass_is_visible(a) AS true;
CREATE MACRO pg_statistics_obj_is_visible(a) AS true;
CREATE MACRO has_table_privilege(a, b) AS b = 'SELECT', (a, b, c) AS c = 'SELECT';
CREATE MACRO has_column_privilege(a, b, c) AS c = 'SELECT', (a, b, c, d) AS d = 'SELECT';
CREATE MACRO has_any_column_privilege(a, b) AS b = 'SELECT', (a, b, c) AS c = 'SELECT';
CREATE MACRO has_schema_privilege(a, b) AS b = 'USAGE', (a, b, c) AS c = 'USAGE';
CREATE MACRO has_database_privilege(a, b) AS b = 'CONNECT', (a, b, c) AS c = 'CONNECT';
CREATE MACRO has_function_privilege(a, b) AS false, (a, b, c) AS false;
CREATE MACRO has_sequence_privilege(a, b) AS false, (a, b, c) AS false;
CREATE MACRO pg_has_role(a, b) AS true, (a, b, c) AS true;
CREATE MACRO row_security_active(a) AS false;

-- The session.
CREATE MACRO version() AS (SELECT setting__value FROM lookup_setting WHERE setting__name = 'version');
CREATE MACRO current_setting
  (a) AS (SELECT setting__value FROM lookup_setting WHERE setting__name = lower(a)),
  (a, missing_ok) AS (SELECT setting__value FROM lookup_setting WHERE setting__name = lower(a));
CREATE MACRO set_config(a, b, is_local) AS b;
CREATE MACRO current_database() AS 'runwell';
CREATE MACRO current_catalog() AS 'runwell';
CREATE MACRO current_schema() AS 'public';
CREATE MACRO current_schemas(a) AS CASE WHEN a THEN ['pg_catalog', 'public'] ELSE ['public'] END;
CREATE MACRO current_user() AS 'runwell';
CREATE MACRO session_user() AS 'runwell';
CREATE MACRO current_role() AS 'runwell';
CREATE MACRO "user"() AS 'runwell';
CREATE MACRO pg_backend_pid() AS 0;
CREATE MACRO pg_is_in_recovery() AS false;
CREATE MACRO pg_is_wal_replay_paused() AS false;
CREATE MACRO pg_advisory_unlock_all() AS CAST(NULL AS VARCHAR);
CREATE MACRO inet_server_addr() AS CAST(NULL AS VARCHAR);
CREATE MACRO inet_server_port() AS CAST(NULL AS INTEGER);
CREATE MACRO inet_client_addr() AS CAST(NULL AS VARCHAR);
CREATE MACRO pg_typeof(a) AS lower(typeof(a));
