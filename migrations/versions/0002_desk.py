"""The desk: the firm's choices and their audit, one-time links, mails owed, drafts, saved replies, fuller cases."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

KINDS = "'reply', 'image', 'summary', 'ingest', 'search'"
REASONS = (
    "'customer', 'no_answer', 'deadline', 'crashes', 'fatal', 'staff_spoke', 'closed', 'assistant_off'"
)
LANGUAGE = sa.Enum('fr', 'en', name='language', native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table('firm',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('choices', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.CheckConstraint('id = 1', name=op.f('ck_firm_one_row')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_firm'))
    )
    op.execute("INSERT INTO firm (id, version, choices) VALUES (1, 1, '{}')")
    op.create_table('change',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('author_id', sa.Uuid(), nullable=True),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('before', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('after', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['author_id'], ['account.id'], name=op.f('fk_change_author_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_change'))
    )
    op.create_index('ix_change_created_at', 'change', ['created_at'], unique=False)
    op.create_table('link',
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_link_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_link'))
    )
    op.create_index(op.f('ix_link_account_id'), 'link', ['account_id'], unique=False)
    op.create_table('erasure',
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_erasure'))
    )
    op.add_column('job', sa.Column('dedupe_key', sa.Text(), nullable=True))
    op.create_unique_constraint(op.f('uq_job_dedupe_key'), 'job', ['dedupe_key'])
    op.drop_constraint('ck_job_kind', 'job')
    op.create_check_constraint(op.f('ck_job_kind'), 'job', f"kind IN ({KINDS}, 'proposal', 'mail')")
    op.drop_constraint('ck_conversation_handover_reason', 'conversation')
    op.create_check_constraint(
        op.f('ck_conversation_handover_reason'), 'conversation',
        f"handover_reason IN ({REASONS}, 'anger', 'repeated', 'safety')",
    )
    op.add_column('conversation', sa.Column('brief', sa.Text(), nullable=True))
    op.add_column('conversation', sa.Column(
        'summary_fields', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
    ))
    op.add_column('conversation', sa.Column('summary_seq', sa.Integer(), server_default='0', nullable=False))
    op.add_column('conversation', sa.Column('summary_edited', sa.Boolean(), server_default=sa.text('false'), nullable=False))
    op.add_column('conversation', sa.Column('closing_rating', sa.Text(), nullable=True))
    op.add_column('conversation', sa.Column('closing_comment', sa.Text(), nullable=True))
    op.create_index(
        'ix_conversation_opened', 'conversation', ['created_at'],
        postgresql_include=['id', 'status', 'handover_reason', 'closed_at'],
    )
    op.create_index(
        'ix_message_replied', 'message', ['created_at'], postgresql_where=sa.text("role = 'assistant'"),
        postgresql_include=['id', 'outcome', 'input_tokens', 'output_tokens', 'feedback'],
    )
    op.create_table('staff_draft',
    sa.Column('conversation_id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('content', sa.Text(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_staff_draft_account_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], name=op.f('fk_staff_draft_conversation_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('conversation_id', 'account_id', name=op.f('pk_staff_draft'))
    )
    op.create_table('saved_reply',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('content', sa.Text(), nullable=False),
    sa.Column('language', LANGUAGE, nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_saved_reply')),
    sa.UniqueConstraint('title', name=op.f('uq_saved_reply_title'))
    )


def downgrade() -> None:
    op.drop_table('saved_reply')
    op.drop_table('staff_draft')
    op.drop_index('ix_message_replied', 'message')
    op.drop_index('ix_conversation_opened', 'conversation')
    for column in ('closing_comment', 'closing_rating', 'summary_edited', 'summary_seq', 'summary_fields', 'brief'):
        op.drop_column('conversation', column)
    op.execute("UPDATE conversation SET handover_reason = 'no_answer' WHERE handover_reason IN ('anger', 'repeated', 'safety')")
    op.drop_constraint('ck_conversation_handover_reason', 'conversation')
    op.create_check_constraint(
        op.f('ck_conversation_handover_reason'), 'conversation', f"handover_reason IN ({REASONS})"
    )
    op.execute("DELETE FROM job WHERE kind IN ('proposal', 'mail')")
    op.drop_constraint('ck_job_kind', 'job')
    op.create_check_constraint(op.f('ck_job_kind'), 'job', f'kind IN ({KINDS})')
    op.drop_constraint('uq_job_dedupe_key', 'job')
    op.drop_column('job', 'dedupe_key')
    op.drop_table('erasure')
    op.drop_table('link')
    op.drop_table('change')
    op.drop_table('firm')
