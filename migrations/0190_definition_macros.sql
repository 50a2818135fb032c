-- Macros that several datasets share are part of each one's definition.
COMMENT ON COLUMN catalog.definition.rows_sql IS 'Further SQL files by name: those that requests select their rows by, and macros as macros/<name>.sql.';
