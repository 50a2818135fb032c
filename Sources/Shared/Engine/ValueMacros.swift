/// DuckDB macros that every script has: texts become numbers by them, or an error with the value. A cast alone reads
/// `712345.5` as 712346, `1_000` as 1000 and `0x1F` as 31.
enum ValueMacros {
  /// - Parameter mayHaveJSON: whether a value may be of DuckDB's type JSON, which the forms for texts would take for a text in
  ///   quotes: then there are none.
  static func sql(mayHaveJSON: Bool) -> String { mayHaveJSON ? general : withTextForms }

  private static let withTextForms = textForms.reduce(general) { sql, form in
    sql.replacing("CREATE MACRO \(form.name)(", with: "CREATE MACRO \(form.name)\(form.sql),\n  (")
  }

  /// What a partition of few rows costs is that DuckDB plans an expression for each column, calls of functions most of all. So a
  /// text, as most columns are, has a form of its own that calls few of them and has no branch for another type. Each says what
  /// the general form says of a text, word for word (ValueFormTests), and tells of the first row that it refuses: what is left to
  /// the next branch of a CASE is in the rows' order unless AND or OR decided, which `coalesce` reckons as values.
  static let textForms: [(name: String, sql: String)] = [
    (
      "is_integer",
      #"""
      (v VARCHAR) AS coalesce(CAST(TRY_CAST(v AS BIGINT) AS VARCHAR) = v, false)
        OR regexp_full_match(v, '\s*[+-]?\d+(\.0*)?\s*')
      """#
    ),
    (
      "is_number",
      #"""
      (v VARCHAR) AS coalesce(isfinite(TRY_CAST(v AS DOUBLE)), false) AND NOT contains(v, '_')
        AND (TRY_CAST(v AS DOUBLE) <> 0 OR NOT regexp_matches(v, '^[^eE]*[1-9]'))
      """#
    ),
    (
      "is_kept",
      #"""
      (v VARCHAR) AS TRY_CAST(v AS DOUBLE) BETWEEN -9007199254740991 AND 9007199254740991
        OR NOT regexp_full_match(v, '\s*[+-]?\d+(\.0*)?\s*')
        OR coalesce(TRY_CAST(TRY_CAST(v AS DOUBLE) AS HUGEINT) = TRY_CAST(split_part(v, '.', 1) AS HUGEINT), true)
      """#
    ),
    (
      "is_plain_number",
      """
      (v VARCHAR) AS abs(TRY_CAST(v AS DOUBLE)) BETWEEN 5e-324 AND 9007199254740991 AND NOT contains(v, '_') OR v = '0'
      """
    ),
    (
      "checked_integer",
      #"""
      (v VARCHAR) AS CASE WHEN CAST(TRY_CAST(v AS BIGINT) AS VARCHAR) = v THEN v WHEN v IS NULL THEN v
        WHEN regexp_full_match(v, '\s*[+-]?\d+(\.0*)?\s*') THEN v
        ELSE error(concat('''', v, ''' is no whole number')) END
      """#
    ),
    (
      "not_kept",
      """
      (v VARCHAR) AS error(concat('''', v, ''' is no number that a double keeps, which would be ',
        coalesce(CAST(TRY_CAST(TRY_CAST(v AS DOUBLE) AS HUGEINT) AS VARCHAR), CAST(TRY_CAST(v AS DOUBLE) AS VARCHAR)),
        ': cast it AS BIGINT, or leave it a text'))
      """
    ),
    (
      "checked_number",
      """
      (v VARCHAR) AS CASE WHEN v IS NULL THEN v WHEN coalesce(is_plain_number(v), false) THEN v
        WHEN NOT is_number(v) THEN error(concat('''', v, ''' is no number'))
        WHEN is_kept(v) THEN v ELSE not_kept(v) END
      """
    ),
    (
      "is_date",
      #"""
      (v VARCHAR) AS regexp_full_match(v, '\s*[12]\d{3}[-/]\d{1,2}[-/]\d{1,2}([ T]\d{1,2}:\d{2}(:\d{2}(\.\d*)?)?\s*([AaPp][Mm])?\s*(Z|z|UTC|GMT|[+-]\d{2}(:?\d{2}){0,2})?)?\s*')
        AND TRY_CAST(trim(v) AS DATE) IS NOT NULL
      """#
    ),
    (
      "checked_date",
      """
      (v VARCHAR) AS CASE WHEN v IS NULL THEN v WHEN coalesce(is_date(v), false) THEN v
        ELSE error(concat('''', v, ''' is no date: year-month-day')) END
      """
    ),
    ("published_integer", "(v VARCHAR, name VARCHAR) AS checked_integer(v)"),
    ("published_double", "(v VARCHAR, name VARCHAR) AS checked_number(v)"),
    ("published_moment", "(v VARCHAR, name VARCHAR) AS checked_date(v)"),
    (
      "published_text",
      #"""
      (v VARCHAR, name VARCHAR) AS CASE WHEN v IS NULL THEN v
        WHEN coalesce(strlen(v) <= 16777216 AND NOT contains(v, chr(0)), false) THEN v
        ELSE error(CASE WHEN strlen(v) > 16777216
          THEN concat('a text of ', strlen(v), ' bytes is too long for column ''', name, ''': 16777216 at most')
          ELSE concat('''', replace(v, chr(0), '\u0000'), ''' is no text: U+0000 stands in column ''', name, '''') END) END
      """#
    ),
  ]

  /// In an order in which each finds those that it uses. `typeof` of a column is a constant to DuckDB, so that only the branch
  /// of its type is left; and what is written as DuckDB itself writes a number is not looked at by an expression.
  private static let general = #"""
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
    -- A finite number, with a point and an exponent at most. What is not nothing must not become nothing, as 1e-400 would.
    CREATE MACRO is_number(v) AS
      coalesce(isfinite(TRY_CAST(text_of(v) AS DOUBLE)), false) AND NOT contains(text_of(v), '_')
      AND (TRY_CAST(text_of(v) AS DOUBLE) <> 0 OR NOT regexp_matches(text_of(v), '^[^eE]*[1-9]'));
    -- A whole number that a double keeps: from 2^53 on it keeps some of them.
    CREATE MACRO is_kept(v) AS abs(TRY_CAST(text_of(v) AS DOUBLE)) < 9007199254740992
      OR NOT regexp_full_match(text_of(v), '\s*[+-]?\d+(\.0*)?\s*')
      OR coalesce(TRY_CAST(TRY_CAST(text_of(v) AS DOUBLE) AS HUGEINT) = TRY_CAST(regexp_extract(text_of(v), '[+-]?\d+') AS HUGEINT), true);
    -- What most numbers are, by one reading of the text; what it does not tell is looked at further.
    CREATE MACRO is_plain_number(v) AS abs(TRY_CAST(text_of(v) AS DOUBLE)) BETWEEN 5e-324 AND 9007199254740991
      AND NOT contains(text_of(v), '_') OR text_of(v) = '0';
    -- What becomes a whole number is one: a text by its digits, and what the transform made by its value.
    CREATE MACRO checked_integer(v) AS CASE
      WHEN is_absent(v) OR CASE WHEN is_text(v) THEN is_integer(v) WHEN is_fraction_type(v) THEN TRY_CAST(v AS HUGEINT) = v
        ELSE true END THEN v
      WHEN is_text(v) THEN error('''' || CAST(v AS VARCHAR) || ''' is no whole number')
      ELSE error('''' || CAST(v AS VARCHAR) || ''' is no whole number: say round(), floor() or ceil() where that is meant') END;
    -- Of the transform's own numbers, those that a double may not keep, and whether it keeps this one: whole ones from 2^53 on.
    CREATE MACRO is_wide_type(v) AS typeof(v) IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'UHUGEINT') OR starts_with(typeof(v), 'DECIMAL');
    CREATE MACRO is_kept_number(v) AS TRY_CAST(v AS DOUBLE) BETWEEN -9007199254740991 AND 9007199254740991
      OR TRY_CAST(TRY_CAST(v AS DOUBLE) AS HUGEINT) = TRY_CAST(v AS HUGEINT);
    CREATE MACRO not_kept(v) AS error('''' || CAST(v AS VARCHAR) || ''' is no number that a double keeps, which would be '
      || coalesce(CAST(TRY_CAST(TRY_CAST(text_of(v) AS DOUBLE) AS HUGEINT) AS VARCHAR), CAST(TRY_CAST(text_of(v) AS DOUBLE) AS VARCHAR))
      || CASE WHEN is_text(v) THEN ': cast it AS BIGINT, or leave it a text'
        ELSE ': leave it a whole number, or say * 1e0 where the nearest double is meant' END);
    CREATE MACRO checked_number(v) AS CASE
      WHEN NOT is_text(v) AND (NOT is_wide_type(v) OR v IS NULL OR is_kept_number(v)) THEN v
      WHEN NOT is_text(v) THEN not_kept(v)
      WHEN is_plain_number(v) THEN v
      WHEN is_absent(v) OR is_number(v) AND is_kept(v) THEN v
      WHEN is_number(v) THEN not_kept(v)
      ELSE error('''' || CAST(v AS VARCHAR) || ''' is no number') END;
    -- A float keeps seven digits, of fractions in twos: 0.1 is none of its numbers.
    CREATE MACRO checked_float(v) AS CASE
      WHEN is_absent(v) OR typeof(v) IN ('FLOAT', 'BOOLEAN') THEN v
      WHEN NOT is_text(v) AND CAST(TRY_CAST(v AS FLOAT) AS DOUBLE) = TRY_CAST(v AS DOUBLE) THEN v
      WHEN is_number(v) AND CAST(TRY_CAST(text_of(v) AS FLOAT) AS DOUBLE) = TRY_CAST(text_of(v) AS DOUBLE) THEN v
      ELSE error('''' || CAST(v AS VARCHAR) || ''' is no number that a float keeps: cast it AS DOUBLE') END;
    -- Year, month and day, the year with its four digits: what it would be otherwise, nobody says. Then a time of the day.
    CREATE MACRO is_date(v) AS
      regexp_full_match(text_of(v), '\s*[12]\d{3}[-/]\d{1,2}[-/]\d{1,2}([ T]\d{1,2}:\d{2}(:\d{2}(\.\d*)?)?\s*([AaPp][Mm])?\s*(Z|z|UTC|GMT|[+-]\d{2}(:?\d{2}){0,2})?)?\s*')
      AND TRY_CAST(trim(text_of(v)) AS DATE) IS NOT NULL;
    -- A timestamp has no offset of its own: one that is not UTC's would be left out.
    CREATE MACRO is_timestamp(v) AS is_date(v)
      AND (NOT regexp_matches(text_of(v), ':\d{2}(\.\d+)?\s*[+-]\d') OR regexp_matches(text_of(v), '[+-]00(:?00)?\s*$'))
      AND TRY_CAST(trim(text_of(v)) AS TIMESTAMP) IS NOT NULL;
    CREATE MACRO checked_date(v) AS CASE
      WHEN NOT is_text(v) THEN v
      WHEN is_absent(v) OR is_date(v) THEN v
      ELSE error('''' || CAST(v AS VARCHAR) || ''' is no date: year-month-day') END;
    CREATE MACRO checked_timestamp(v) AS CASE
      WHEN NOT is_text(v) THEN v
      WHEN is_absent(v) OR is_timestamp(v) THEN v
      ELSE error('''' || CAST(v AS VARCHAR) || ''' is no timestamp: year-month-day and a time of the day in UTC; cast others AS TIMESTAMPTZ') END;
    -- As many digits after the point as the type keeps; more would be rounded.
    -- Where the point is moved by an exponent, the number itself tells.
    CREATE MACRO keeps_digits(v, digits) AS CASE
      WHEN regexp_matches(text_of(v), '[eE]') THEN round(TRY_CAST(text_of(v) AS DOUBLE), digits) = TRY_CAST(text_of(v) AS DOUBLE)
      ELSE NOT regexp_matches(text_of(v), '\.\d{' || digits || '}\d*[1-9]') END;
    -- Of a number, digits that only come of reckoning with doubles are none.
    CREATE MACRO is_of_digits(v, digits) AS abs(TRY_CAST(v AS DOUBLE) - round(TRY_CAST(v AS DOUBLE), digits))
      <= CASE WHEN typeof(v) = 'FLOAT' THEN 1e-6 ELSE 1e-12 END * greatest(1, abs(TRY_CAST(v AS DOUBLE)));
    CREATE MACRO checked_decimal(v, digits) AS CASE
      WHEN NOT is_text(v) AND (NOT is_fraction_type(v) OR v IS NULL OR is_of_digits(v, digits)) THEN v
      WHEN NOT is_text(v) THEN error('''' || CAST(v AS VARCHAR) || ''' is no number of ' || digits || ' digits after the point: say round(..., ' || digits || ') where that is meant')
      WHEN is_absent(v) OR is_number(v) AND keeps_digits(v, digits) THEN v
      WHEN is_number(v) THEN error('''' || CAST(v AS VARCHAR) || ''' is no number of ' || digits || ' digits after the point: say round(as_number(...), ' || digits || ') where that is meant')
      ELSE error('''' || CAST(v AS VARCHAR) || ''' is no number') END;
    CREATE MACRO as_integer(v) AS CAST(checked_integer(v) AS BIGINT);
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
    -- What is published, by the type of its column. What has a type of that kind already is told by its type alone: DuckDB
    -- takes the first form for what it casts to that type by itself and without loss, and no text is among that; the other
    -- form costs some sixty expressions to plan, for each column of each partition.
    CREATE MACRO published_integer(v BIGINT, name VARCHAR) AS v, (v, name) AS CASE
      WHEN is_text(v) THEN checked_integer(v)
      WHEN NOT is_fraction_type(v) THEN v
      WHEN v IS NULL OR CAST(v AS DOUBLE) = trunc(CAST(v AS DOUBLE)) THEN v
      ELSE error('''' || CAST(v AS VARCHAR) || ''' is no whole number: column ''' || name || ''' is one; say round(), floor() or ceil() where that is meant') END;
    -- Its column is a double: casting a fraction to one loses nothing that the column could keep, and of a whole number it may.
    CREATE MACRO published_double(v DOUBLE, name VARCHAR) AS CASE
      WHEN v IS NULL OR isfinite(v) THEN v
      ELSE error('''' || CAST(v AS VARCHAR) || ''' is no number: column ''' || name || ''' takes no NaN and no infinity') END,
      (v BIGINT, name VARCHAR) AS CASE WHEN v IS NULL OR is_kept_number(v) THEN v ELSE not_kept(v) END,
      (v UBIGINT, name VARCHAR) AS CASE WHEN v IS NULL OR is_kept_number(v) THEN v ELSE not_kept(v) END,
      (v HUGEINT, name VARCHAR) AS CASE WHEN v IS NULL OR is_kept_number(v) THEN v ELSE not_kept(v) END,
      (v UHUGEINT, name VARCHAR) AS CASE WHEN v IS NULL OR is_kept_number(v) THEN v ELSE not_kept(v) END,
      (v, name) AS CASE
      WHEN is_text(v) AND is_plain_number(v) THEN v
      WHEN v IS NULL THEN v
      WHEN isfinite(CAST(checked_number(v) AS DOUBLE)) THEN v
      ELSE error('''' || CAST(v AS VARCHAR) || ''' is no number: column ''' || name || ''' takes no NaN and no infinity') END;
    CREATE MACRO published_decimal(v, name, digits) AS CASE
      WHEN v IS NULL THEN v
      WHEN is_text(v) THEN checked_decimal(v, digits)
      WHEN NOT isfinite(CAST(v AS DOUBLE)) THEN published_double(v, name)
      WHEN is_of_digits(v, digits) THEN v
      ELSE error('''' || CAST(v AS VARCHAR) || ''' is no number of ' || digits || ' digits after the point, as column ''' || name || ''' has: say round() where that is meant') END;
    CREATE MACRO published_moment(v, name) AS CASE
      WHEN v IS NULL THEN v
      WHEN is_text(v) THEN checked_date(v)
      WHEN isfinite(CAST(v AS TIMESTAMP)) THEN v
      ELSE error('''' || CAST(v AS VARCHAR) || ''' is no date: column ''' || name || ''' takes no infinity') END;
    CREATE MACRO published_text(v, name) AS CASE
      -- 16 MiB, as long as an object of JSON may be: what is longer is a document, and no value.
      WHEN strlen(CAST(v AS VARCHAR)) > 16777216
        THEN error('a text of ' || strlen(CAST(v AS VARCHAR)) || ' bytes is too long for column ''' || name || ''': 16777216 at most')
      WHEN contains(CAST(v AS VARCHAR), chr(0))
        THEN error('''' || replace(CAST(v AS VARCHAR), chr(0), '\u0000') || ''' is no text: U+0000 stands in column ''' || name || '''')
      ELSE v END;
    """#

  /// Of geometries, for scripts that have the spatial extension: two dimensions, and nothing for what is empty.
  static let spatialSQL = """
    -- A ring that does not end where it began, or goes nowhere: PostGIS takes none such.
    CREATE MACRO is_open_ring(r) AS NOT ST_IsClosed(r) OR ST_NPoints(r) < 4;
    CREATE MACRO is_no_part(g) AS CASE CAST(ST_GeometryType(g) AS VARCHAR)
      WHEN 'POLYGON' THEN NOT ST_IsEmpty(g) AND (is_open_ring(ST_ExteriorRing(g)) OR coalesce(list_bool_or(list_transform(
        range(1, CAST(ST_NumInteriorRings(g) AS BIGINT) + 1), lambda n: is_open_ring(ST_InteriorRingN(g, CAST(n AS INTEGER))))), false))
      WHEN 'LINESTRING' THEN ST_NPoints(g) = 1
      ELSE false END;
    CREATE MACRO is_no_shape(g) AS CASE
      WHEN CAST(ST_GeometryType(g) AS VARCHAR) IN ('POINT', 'MULTIPOINT') THEN false
      WHEN CAST(ST_GeometryType(g) AS VARCHAR) IN ('POLYGON', 'LINESTRING') THEN is_no_part(g)
      ELSE coalesce(list_bool_or(list_transform(ST_Dump(g), lambda part: is_no_part(part.geom))), false) END;
    CREATE MACRO published_geometry(v, name) AS CASE
      WHEN ST_IsEmpty(v) THEN NULL
      WHEN is_no_shape(v) THEN error('''' || left(ST_AsText(v), 120) || ''' is no shape: in column ''' || name || ''' a ring is not closed, or a line has one point')
      ELSE ST_Force2D(v) END;
    """
}
