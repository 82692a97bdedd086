"""Search over all conversations: how words are folded, the rows that are searched, what makes them due; list filters.

Folding stands here once and is used for what is written and for what is asked, so that the two cannot part.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

# What stands between words, in any script: all that is no letter and no digit (emoji among it). Explicit, because what
# [[:alnum:]] means depends on the locale of the server. The second set leaves what may stand inside a reference.
BEYOND_ASCII = (
    r'\u0080-\u00b6\u00b8-\u00bf\u00d7\u00f7\u02b0-\u036f\u2000-\u2bff\u2e00-\u2e7f\u3000-\u303f'
    r'\ufe00-\ufe0f\ufff0-\uffff\U0001f000-\U0001faff'
)
BETWEEN = rf'[\u0001-,:-@\[-^`{{-\u007f{BEYOND_ASCII}]+'
INSIDE = '-./_·'

LONGEST_WORD = 40  # bytes; a digest stands for a longer one, so that it stays exact
LONGEST_REFERENCE = 6  # parts, of which each run is searchable by itself

FUNCTIONS = rf"""
-- Small letters without accents. A mark between two figures becomes the one sign that keeps 3,5 (3.5) from being 35.
CREATE FUNCTION search_fold(given text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT regexp_replace(lower(translate(replace(replace(replace(replace(replace(
    regexp_replace(normalize(given, NFKD), '[\u0300-\u036f]+', '', 'g'),
    'œ', 'oe'), 'Œ', 'oe'), 'æ', 'ae'), 'Æ', 'ae'), 'ß', 'ss'),
    '‐‑‒–—―−øØłŁđĐ', '-------oollddd') COLLATE "C"), '(?<=[0-9])[.,](?=[0-9])', '·', 'g')
$$;

-- One word in its singular, French or English: volets, adresses/addresses, travaux/travail, batteries/battery.
-- What has a figure in it is exact.
CREATE FUNCTION search_word(word text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE WHEN octet_length(word) > {LONGEST_WORD} THEN md5(word) WHEN word ~ '[0-9]' THEN word
    ELSE regexp_replace(regexp_replace(regexp_replace(regexp_replace(word,
        '(?<=^...*[^s])s$|(?<=^..*u)x$', ''), '(?:au|ail)$', 'al'), '(?:ie|y)$', 'i'), '(?<=ss|ch|sh|x|z)e$', '')
    END
$$;

CREATE FUNCTION search_pieces(given text) RETURNS TABLE (piece text, parts text[], place bigint)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT piece, array_remove(string_to_array(translate(piece, './_', '---'), '-'), ''), place
FROM regexp_split_to_table(search_fold(given), '{BETWEEN}') WITH ORDINALITY AS split (piece, place)
$$;

-- All by which a text can be found: each word; of a reference (it has a figure) each run of its parts written as one,
-- a short word before it being its first part: FA 2024/118 is fa, 2024, 118, fa2024, 2024118, fa2024118.
CREATE FUNCTION search_words(given text) RETURNS SETOF text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN QUERY WITH pieces AS MATERIALIZED (SELECT * FROM search_pieces(given)),
    reference AS (
        SELECT whole.parts, cardinality(whole.parts) AS size, cardinality(whole.parts) > {LONGEST_REFERENCE} AS long
        FROM (SELECT piece, lag(piece) OVER (ORDER BY place) AS before, pieces.parts FROM pieces) each, LATERAL (
            SELECT CASE WHEN before ~ '^[a-z]{{1,5}}$' AND piece ~ '^[0-9]' THEN before || each.parts
                ELSE each.parts END AS parts) whole
        WHERE piece ~ '[0-9]'
    )
    SELECT search_word(word) FROM pieces, unnest(parts) part, string_to_table(part, '·') word WHERE word <> ''
    UNION SELECT search_word(array_to_string(parts[first:last], '')) FROM reference,
        generate_series(1, CASE WHEN long THEN 1 ELSE size END) first,
        generate_series(CASE WHEN long THEN size ELSE first END, size) last;
END $$;

-- What must all be there: each word, a reference as one. NULL when there is no word in it. `@` marks who the customer
-- is, which staff alone may search by.
CREATE FUNCTION search_query(given text, staff boolean) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN (
        WITH pieces AS MATERIALIZED (SELECT * FROM search_pieces(given)),
        asked AS (
            SELECT search_word(array_to_string(parts, '')) AS word FROM pieces WHERE piece ~ '[0-9]'
            UNION SELECT search_word(word) FROM pieces, unnest(parts) part, string_to_table(part, '·') word
            WHERE piece !~ '[0-9]' AND word <> ''
        )
        SELECT string_agg('(' || quote_literal(word)
            || CASE WHEN staff THEN ' | ' || quote_literal('@' || word) ELSE '' END || ')', ' & ' ORDER BY word)::tsquery
        FROM asked
    );
END $$;

CREATE FUNCTION conversation_is_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_due (conversation_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
-- A message changes its conversation too (last_seq), so nothing that is searched can change without this.
CREATE TRIGGER conversation_is_due AFTER INSERT OR UPDATE ON conversation
    FOR EACH ROW EXECUTE FUNCTION conversation_is_due();

CREATE FUNCTION conversations_of_account_are_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO search_due (conversation_id) SELECT id FROM conversation WHERE client_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER renamed_is_due AFTER UPDATE OF name, email ON account
    FOR EACH ROW WHEN ((NEW.name, NEW.email) IS DISTINCT FROM (OLD.name, OLD.email))
    EXECUTE FUNCTION conversations_of_account_are_due();
"""

GONE = """
DROP TRIGGER renamed_is_due ON account;
DROP TRIGGER conversation_is_due ON conversation;
DROP FUNCTION conversations_of_account_are_due(), conversation_is_due(), search_query(text, boolean),
    search_words(text), search_pieces(text), search_word(text), search_fold(text);
"""

# What is found is sorted by reading its rows, a hundred thousand of them for a common word: they must be short. But words
# are moved out of a row only when it passes 2 kB, which few conversations reach; the blanks bring each row there, and
# shrink to 30 bytes. A million rows have 160 MB so, and 1.2 GB otherwise. Room is left for changes that touch no word.
OUT_OF_LINE = """
ALTER TABLE conversation_search SET (toast_tuple_target = 160, fillfactor = 80),
    ALTER COLUMN head SET STORAGE EXTERNAL, ALTER COLUMN body SET STORAGE EXTERNAL
"""

ACTIVITY = [sa.literal_column('updated_at DESC'), sa.literal_column('id DESC')]
INDEXES = {
    'ix_conversation_assignee_activity': (['assignee_id', *ACTIVITY], 'assignee_id IS NOT NULL'),
    'ix_conversation_unassigned_activity': (ACTIVITY, 'assignee_id IS NULL'),
    'ix_conversation_unread_activity': (ACTIVITY, 'last_client_seq > staff_seen_seq'),
    'ix_conversation_language_activity': (['language', *ACTIVITY], None),
}


def upgrade() -> None:
    for name, (columns, where) in INDEXES.items():
        op.create_index(name, 'conversation', columns, postgresql_where=None if where is None else sa.text(where))
    op.create_table('conversation_search',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('client_id', sa.Uuid(), nullable=False),
    sa.Column('assignee_id', sa.Uuid(), nullable=True),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('language', sa.Text(), nullable=False),
    sa.Column('waiting_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('last_client_seq', sa.Integer(), nullable=False),
    sa.Column('staff_seen_seq', sa.Integer(), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('head', postgresql.TSVECTOR(), nullable=False),
    sa.Column('body', postgresql.TSVECTOR(), nullable=False),
    sa.Column('blanks', sa.Text(), server_default=sa.text("repeat(' ', 2100)"), nullable=False),
    sa.ForeignKeyConstraint(['id'], ['conversation.id'], name=op.f('fk_conversation_search_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_conversation_search'))
    )
    op.execute(OUT_OF_LINE)
    op.create_index('ix_conversation_search_words', 'conversation_search', [sa.literal_column('(head || body)')], postgresql_using='gin', postgresql_with={'fastupdate': 'off'})
    op.create_table('search_due',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('conversation_id', sa.Uuid(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_search_due'))
    )
    op.get_bind().exec_driver_sql(FUNCTIONS)
    # The dispatcher does the rest, newest cases first: however many there are, the application starts at once.
    op.execute('INSERT INTO search_due (conversation_id) SELECT id FROM conversation ORDER BY updated_at')


def downgrade() -> None:
    op.get_bind().exec_driver_sql(GONE)
    op.drop_table('search_due')
    op.drop_table('conversation_search')
    for name in INDEXES:
        op.drop_index(name, 'conversation')
