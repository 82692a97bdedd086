"""Pictures and PDFs sent with messages, their files in storage, and what was read in them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

KEEP_KEYS = """
CREATE FUNCTION file_is_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO removed_file (key) VALUES (OLD.key) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER file_is_removed AFTER DELETE ON attachment_file FOR EACH ROW EXECUTE FUNCTION file_is_removed();
"""


def choice(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table('attachment',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('conversation_id', sa.Uuid(), nullable=False),
    sa.Column('message_id', sa.Uuid(), nullable=False),
    sa.Column('author_id', sa.Uuid(), nullable=True),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('media_type', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('state', choice('state', 'pending', 'clean', 'rejected'), nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('width', sa.Integer(), nullable=True),
    sa.Column('height', sa.Integer(), nullable=True),
    sa.Column('left_out', sa.Integer(), server_default='0', nullable=False),
    sa.Column('transcript', sa.Text(), server_default='', nullable=False),
    sa.Column('faults', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False),
    sa.Column('description', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(state = 'rejected') = (reason IS NOT NULL)", name=op.f('ck_attachment_rejected_has_reason')),
    sa.CheckConstraint("(state = 'pending') = (decided_at IS NULL)", name=op.f('ck_attachment_decided_when')),
    sa.CheckConstraint("(state <> 'clean') OR (width IS NOT NULL AND height IS NOT NULL)", name=op.f('ck_attachment_clean_has_size')),
    sa.ForeignKeyConstraint(['author_id'], ['account.id'], name=op.f('fk_attachment_author_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], name=op.f('fk_attachment_conversation_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_attachment_message_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attachment')),
    sa.UniqueConstraint('message_id', 'position', name=op.f('uq_attachment_message_id_position'))
    )
    op.create_index('ix_attachment_conversation_id', 'attachment', ['conversation_id'], unique=False)
    op.create_index('ix_attachment_author_created', 'attachment', ['author_id', 'created_at'], unique=False)
    op.create_table('attachment_file',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('attachment_id', sa.Uuid(), nullable=False),
    sa.Column('variant', choice('variant', 'original', 'full', 'thumb'), nullable=False),
    sa.Column('page', sa.Integer(), server_default='1', nullable=False),
    sa.Column('media_type', sa.Text(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=True),
    sa.Column('height', sa.Integer(), nullable=True),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['attachment_id'], ['attachment.id'], name=op.f('fk_attachment_file_attachment_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_attachment_file')),
    sa.UniqueConstraint('attachment_id', 'variant', 'page', name=op.f('uq_attachment_file_attachment_id_variant_page'))
    )
    op.create_table('removed_file',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_removed_file'))
    )
    op.execute(KEEP_KEYS)
    op.create_table('fact',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('conversation_id', sa.Uuid(), nullable=False),
    sa.Column('attachment_id', sa.Uuid(), nullable=True),
    sa.Column('kind', choice('kind', 'order_number', 'serial_number', 'reference', 'date'), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.Column('state', choice('state', 'proposed', 'confirmed', 'declined'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(state = 'proposed') = (decided_at IS NULL)", name=op.f('ck_fact_decided_when')),
    sa.ForeignKeyConstraint(['attachment_id'], ['attachment.id'], name=op.f('fk_fact_attachment_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], name=op.f('fk_fact_conversation_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_fact')),
    sa.UniqueConstraint('conversation_id', 'kind', 'value', name=op.f('uq_fact_conversation_id_kind_value'))
    )
    op.create_index(op.f('ix_fact_attachment_id'), 'fact', ['attachment_id'], unique=False)
    op.add_column('job', sa.Column('attachment_id', sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f('fk_job_attachment_id'), 'job', 'attachment', ['attachment_id'], ['id'], ondelete='CASCADE')
    op.create_index(op.f('ix_job_attachment_id'), 'job', ['attachment_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_job_attachment_id'), table_name='job')
    op.drop_constraint(op.f('fk_job_attachment_id'), 'job')
    op.drop_column('job', 'attachment_id')
    op.drop_table('fact')
    op.drop_table('attachment_file')
    op.drop_table('removed_file')
    op.drop_table('attachment')
    op.execute('DROP FUNCTION file_is_removed()')
