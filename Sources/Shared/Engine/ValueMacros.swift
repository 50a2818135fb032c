/// DuckDB macros that every script has: texts become numbers by them, or an error with the value. A cast alone reads
/// `712345.5` as 712346, `1_000` as 1000 and `0x1F` as 31.
enum ValueMacros {
  /// In an order in which each finds those that it uses. `typeof` of a column is a constant to DuckDB, so that only the branch
  /// of its type is left; and what is written as DuckDB itself writes a number is not looked at by an expression.
  static let sql = #"""
    -- Texts that are written as JSON are texts, too.
    CREATE MACRO is_text(v) AS typeof(v) IN ('VARCHAR', 'JSON');
    CREATE MACRO is_fraction_type(v) AS typeof(v) IN ('DOUBLE', 'FLOAT') OR starts_with(typeof(v), 'DECIMAL');
    -- A text of JSON stands in quotes.
    CREATE MACRO text_of(v) AS CASE WHEN typeof(v) = 'JSON' THEN trim(CAST(v AS VARCHAR), '"') ELSE CAST(v AS VARCHAR) END;
    CREATE MACRO is_absent(v) AS v IS NULL OR (typeof(v) = 'JSON' AND CAST(v AS VARCHAR) = 'null');
    -- A whole number: a sign, digits, and zeroes after a point at most.
    CREATE MACRO is_integer(v) AS
      coalesce(TRY_CAST(TRY_CAST(v AS BIGINT) AS VARCHAR) = CAST(v AS VARCHAR), false)
      OR regexp_full_match(text_of(v), '\s*[+-]?\d+(\.0*)?\s*');
    -- A finite number, with a point and an exponent at most.
    CREATE MACRO is_number(v) AS
      coalesce(isfinite(TRY_CAST(text_of(v) AS DOUBLE)), false) AND NOT contains(text_of(v), '_');
    -- What is no text goes through as it is: its type is the transform's own.
    CREATE MACRO checked_integer(v) AS CASE
      WHEN NOT is_text(v) THEN v
      WHEN is_absent(v) OR is_integer(v) THEN v
      ELSE error('''' || CAST(v AS VARCHAR) || ''' is no whole number') END;
    CREATE MACRO checked_number(v) AS CASE
      WHEN NOT is_text(v) THEN v
      WHEN is_absent(v) OR is_number(v) THEN v
      ELSE error('''' || CAST(v AS VARCHAR) || ''' is no number') END;
    -- The same of a number with a fraction that is to become a whole one.
    CREATE MACRO checked_whole(v) AS CASE
      WHEN is_text(v) THEN checked_integer(v)
      WHEN NOT is_fraction_type(v) THEN v
      WHEN v IS NULL OR CAST(v AS DOUBLE) = trunc(CAST(v AS DOUBLE)) THEN v
      ELSE error('''' || CAST(v AS VARCHAR) || ''' is no whole number') END;
    CREATE MACRO as_integer(v) AS CAST(checked_whole(v) AS BIGINT);
    CREATE MACRO as_number(v) AS CAST(checked_number(v) AS DOUBLE);
    -- `1,234.50`, `$1,234`, `-$5`, and `(1,234)` for what is less than nothing.
    CREATE MACRO as_money(v) AS CASE
      WHEN v IS NULL THEN NULL
      WHEN regexp_full_match(trim(CAST(v AS VARCHAR)), '[+-]?\$?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?|\(\$?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?\)')
        THEN CAST(regexp_replace(CAST(v AS VARCHAR), '[^0-9.]', '', 'g') AS DOUBLE)
          * CASE WHEN regexp_matches(CAST(v AS VARCHAR), '[-(]') THEN -1 ELSE 1 END
      ELSE error('''' || CAST(v AS VARCHAR) || ''' is no amount of money') END;
    -- `12.5%` as 0.125: without its sign it could be either.
    CREATE MACRO as_percent(v) AS CASE
      WHEN v IS NULL THEN NULL
      WHEN regexp_full_match(trim(CAST(v AS VARCHAR)), '[+-]?(\d+(\.\d*)?|\.\d+)\s*%')
        THEN CAST(regexp_replace(CAST(v AS VARCHAR), '[%\s]', '', 'g') AS DOUBLE) / 100
      ELSE error('''' || CAST(v AS VARCHAR) || ''' is no percentage: a number with its sign %') END;
    -- What is published, by the type of its column.
    CREATE MACRO published_integer(v, name) AS CASE
      WHEN is_text(v) THEN checked_integer(v)
      WHEN NOT is_fraction_type(v) THEN v
      WHEN v IS NULL OR CAST(v AS DOUBLE) = trunc(CAST(v AS DOUBLE)) THEN v
      ELSE error('''' || CAST(v AS VARCHAR) || ''' is no whole number: column ''' || name || ''' is one; say round(), floor() or ceil() where that is meant') END;
    CREATE MACRO published_double(v, name) AS CASE
      WHEN v IS NULL THEN v
      WHEN isfinite(CAST(checked_number(v) AS DOUBLE)) THEN v
      ELSE error('''' || CAST(v AS VARCHAR) || ''' is no number: column ''' || name || ''' takes no NaN and no infinity') END;
    CREATE MACRO published_text(v, name) AS CASE
      WHEN contains(CAST(v AS VARCHAR), chr(0))
        THEN error('''' || replace(CAST(v AS VARCHAR), chr(0), '\u0000') || ''' is no text: U+0000 stands in column ''' || name || '''')
      ELSE v END;
    """#

  /// Of geometries, for scripts that have the spatial extension: two dimensions, and nothing for what is empty.
  static let spatialSQL = """
    CREATE MACRO published_geometry(v) AS CASE WHEN NOT ST_IsEmpty(v) THEN ST_Force2D(v) END;
    """
}
