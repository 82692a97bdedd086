"""The house: accounts, conversations, jobs, knowledge, with the laws as constraints."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

QUEUES = ('replies', 'images', 'background', 'documents')

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    for queue in QUEUES:
        op.execute(sa.schema.CreateSequence(sa.Sequence(f'job_number_{queue}')))
    op.execute(sa.schema.CreateSequence(sa.Sequence('worker_key', maxvalue=2**31 - 1, cycle=True)))
    op.create_table('account',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('role', sa.Enum('client', 'staff', 'admin', name='role', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('password_hash', sa.Text(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('locale', sa.Enum('fr', 'en', name='locale', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('phone', sa.Text(), server_default='', nullable=False),
    sa.Column('address', sa.Text(), server_default='', nullable=False),
    sa.Column('company', sa.Text(), server_default='', nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.CheckConstraint('email = lower(email)', name=op.f('ck_account_email_lower')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account'))
    )
    op.create_index('uq_account_email', 'account', ['email'], unique=True)
    op.create_table('knowledge_index',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Enum('fresh', 'building', 'failed', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('chunks', sa.Integer(), nullable=False),
    sa.Column('built_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('error_code', sa.Text(), nullable=True),
    sa.CheckConstraint('id = 1', name=op.f('ck_knowledge_index_one_row')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_knowledge_index'))
    )
    op.create_table('periodic_run',
    sa.Column('task', sa.Text(), nullable=False),
    sa.Column('slot', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('task', 'slot', name=op.f('pk_periodic_run'))
    )
    op.create_table('queue_head',
    sa.Column('queue', sa.Enum('replies', 'images', 'background', 'documents', name='queue', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('head', sa.BigInteger(), nullable=False),
    sa.Column('seconds_per_job', sa.Double(), nullable=False),
    sa.PrimaryKeyConstraint('queue', name=op.f('pk_queue_head'))
    )
    op.create_table('throttle',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('window_start', sa.DateTime(timezone=True), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('key', 'window_start', name=op.f('pk_throttle'))
    )
    op.create_table('conversation',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('client_id', sa.Uuid(), nullable=False),
    sa.Column('assignee_id', sa.Uuid(), nullable=True),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('language', sa.Enum('fr', 'en', name='language', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('status', sa.Enum('new', 'in_progress', 'waiting_staff', 'closed', name='status', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('assistant_on', sa.Boolean(), nullable=False),
    sa.Column('no_answers', sa.Integer(), nullable=False),
    sa.Column('handover_reason', sa.Enum('customer', 'no_answer', 'deadline', 'crashes', 'fatal', 'staff_spoke', 'closed', 'assistant_off', name='handover_reason', native_enum=False, create_constraint=True, length=32), nullable=True),
    sa.Column('handover_note', sa.Text(), nullable=True),
    sa.Column('waiting_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_client_seq', sa.Integer(), nullable=False),
    sa.Column('staff_seen_seq', sa.Integer(), nullable=False),
    sa.Column('summary', sa.Text(), nullable=True),
    sa.Column('summary_state', sa.Enum('none', 'pending', 'ready', 'unavailable', name='summary_state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('last_seq', sa.Integer(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name=op.f('ck_conversation_closed_when')),
    sa.ForeignKeyConstraint(['assignee_id'], ['account.id'], name=op.f('fk_conversation_assignee_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['client_id'], ['account.id'], name=op.f('fk_conversation_client_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_conversation'))
    )
    op.create_index('ix_conversation_activity', 'conversation', [sa.literal_column('updated_at DESC'), sa.literal_column('id DESC')], unique=False)
    op.create_index('ix_conversation_client_activity', 'conversation', ['client_id', sa.literal_column('updated_at DESC'), sa.literal_column('id DESC')], unique=False)
    op.create_index('ix_conversation_status_activity', 'conversation', ['status', sa.literal_column('updated_at DESC'), sa.literal_column('id DESC')], unique=False)
    op.create_index('ix_conversation_waiting', 'conversation', ['waiting_since', 'id'], unique=False, postgresql_where=sa.text('waiting_since IS NOT NULL'))
    op.create_table('document',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('filename', sa.Text(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('storage_key', sa.Text(), nullable=False),
    sa.Column('audience', sa.Enum('public', 'internal', name='audience', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('language', sa.Enum('fr', 'en', name='language', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('state', sa.Enum('pending', 'published', 'failed', 'deleted', name='state', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('error_code', sa.Text(), nullable=True),
    sa.Column('page_count', sa.Integer(), nullable=True),
    sa.Column('created_by', sa.Uuid(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(state = 'failed') = (error_code IS NOT NULL)", name=op.f('ck_document_failed_has_reason')),
    sa.ForeignKeyConstraint(['created_by'], ['account.id'], name=op.f('fk_document_created_by'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_document'))
    )
    op.create_index('uq_document_digest', 'document', ['digest'], unique=True, postgresql_where=sa.text("state <> 'deleted'"))
    op.create_table('sign_in',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('account_id', sa.Uuid(), nullable=False),
    sa.Column('refresh_id', sa.Uuid(), nullable=False),
    sa.Column('previous_refresh_id', sa.Uuid(), nullable=True),
    sa.Column('refreshed_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_sign_in_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_in'))
    )
    op.create_index(op.f('ix_sign_in_account_id'), 'sign_in', ['account_id'], unique=False)
    op.create_table('message',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('conversation_id', sa.Uuid(), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('role', sa.Enum('client', 'assistant', 'staff', 'system', name='role', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('author_id', sa.Uuid(), nullable=True),
    sa.Column('content', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('idempotency_key', sa.Text(), nullable=True),
    sa.Column('content_digest', sa.Text(), nullable=True),
    sa.Column('owes_reply', sa.Boolean(), nullable=False),
    sa.Column('reply_job_id', sa.Uuid(), nullable=True),
    sa.Column('reply_to', sa.Uuid(), nullable=True),
    sa.Column('outcome', sa.Enum('answered', 'no_answer', 'handed_over', name='outcome', native_enum=False, create_constraint=True, length=32), nullable=True),
    sa.Column('sources', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'::jsonb"), nullable=False),
    sa.Column('index_version', sa.Integer(), nullable=True),
    sa.Column('model', sa.Text(), nullable=True),
    sa.Column('input_tokens', sa.Integer(), server_default='0', nullable=False),
    sa.Column('output_tokens', sa.Integer(), server_default='0', nullable=False),
    sa.Column('feedback', sa.Text(), nullable=True),
    sa.Column('feedback_comment', sa.Text(), nullable=True),
    sa.CheckConstraint("(outcome IS NULL) OR (role = 'assistant')", name=op.f('ck_message_outcome_of_assistant')),
    sa.CheckConstraint("(role <> 'client') OR (idempotency_key IS NOT NULL)", name=op.f('ck_message_client_message_has_key')),
    sa.CheckConstraint("(role = 'assistant') = (reply_to IS NOT NULL)", name=op.f('ck_message_assistant_replies')),
    sa.CheckConstraint("(role = 'client') OR NOT owes_reply", name=op.f('ck_message_only_clients_are_owed')),
    sa.CheckConstraint('(idempotency_key IS NULL) = (content_digest IS NULL)', name=op.f('ck_message_key_has_digest')),
    sa.CheckConstraint('owes_reply = (reply_job_id IS NOT NULL)', name=op.f('ck_message_owed_reply_has_job')),
    sa.ForeignKeyConstraint(['author_id'], ['account.id'], name=op.f('fk_message_author_id'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['conversation_id', 'reply_to'], ['message.conversation_id', 'message.id'], name='fk_message_reply_in_conversation'),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], name=op.f('fk_message_conversation_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_message')),
    sa.UniqueConstraint('author_id', 'idempotency_key', name=op.f('uq_message_author_id_idempotency_key')),
    sa.UniqueConstraint('conversation_id', 'id', name=op.f('uq_message_conversation_id_id')),
    sa.UniqueConstraint('conversation_id', 'seq', name=op.f('uq_message_conversation_id_seq')),
    sa.UniqueConstraint('id', 'reply_to', name=op.f('uq_message_id_reply_to')),
    sa.UniqueConstraint('reply_job_id', name=op.f('uq_message_reply_job_id')),
    sa.UniqueConstraint('reply_to', name=op.f('uq_message_reply_to'))
    )
    op.create_table('passage',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=False), nullable=False),
    sa.Column('document_id', sa.Uuid(), nullable=False),
    sa.Column('ordinal', sa.Integer(), nullable=False),
    sa.Column('page', sa.Integer(), nullable=True),
    sa.Column('heading', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('language', sa.Enum('fr', 'en', name='language', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('encoder', sa.Text(), nullable=False),
    sa.Column('vector', sa.LargeBinary(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_passage_document_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_passage')),
    sa.UniqueConstraint('document_id', 'ordinal', name=op.f('uq_passage_document_id_ordinal'))
    )
    op.create_index('ix_passage_version', 'passage', ['version'], unique=False)
    op.create_table('job',
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Enum('reply', 'image', 'summary', 'ingest', 'search', name='kind', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('queue', sa.Enum('replies', 'images', 'background', 'documents', name='queue', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('status', sa.Enum('queued', 'running', 'succeeded', 'failed', 'handed_over', name='status', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('requester_id', sa.Uuid(), nullable=True),
    sa.Column('conversation_id', sa.Uuid(), nullable=True),
    sa.Column('message_id', sa.Uuid(), nullable=True),
    sa.Column('reply_id', sa.Uuid(), nullable=True),
    sa.Column('document_id', sa.Uuid(), nullable=True),
    sa.Column('request', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False),
    sa.Column('result', postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('crashes', sa.Integer(), nullable=False),
    sa.Column('fence', sa.Integer(), nullable=False),
    sa.Column('worker_key', sa.Integer(), nullable=True),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('next_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('deadline_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('error_code', sa.Text(), nullable=True),
    sa.CheckConstraint("(status = 'running') = (worker_key IS NOT NULL AND lease_until IS NOT NULL)", name=op.f('ck_job_running_has_worker')),
    sa.CheckConstraint("(status IN ('queued', 'running')) = (finished_at IS NULL)", name=op.f('ck_job_finished_when')),
    sa.CheckConstraint("kind <> 'reply' OR message_id IS NOT NULL", name=op.f('ck_job_reply_job_has_message')),
    sa.CheckConstraint("kind <> 'reply' OR status <> 'failed'", name=op.f('ck_job_reply_job_never_fails')),
    sa.CheckConstraint("kind <> 'reply' OR status IN ('queued', 'running') OR reply_id IS NOT NULL", name=op.f('ck_job_reply_job_ends_with_reply')),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], name=op.f('fk_job_conversation_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_job_document_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_job_message_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['requester_id'], ['account.id'], name=op.f('fk_job_requester_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_job')),
    sa.UniqueConstraint('id', 'message_id', name=op.f('uq_job_id_message_id'))
    )
    op.create_index('ix_job_conversation', 'job', ['conversation_id', 'created_at'], unique=False)
    op.create_index(op.f('ix_job_document_id'), 'job', ['document_id'], unique=False)
    op.create_index('ix_job_due', 'job', ['queue', 'next_at', 'number'], unique=False, postgresql_where=sa.text("status = 'queued'"))
    op.create_index('ix_job_finished', 'job', ['queue', 'finished_at'], unique=False, postgresql_where=sa.text('finished_at IS NOT NULL'))
    op.create_index('ix_job_message', 'job', ['message_id'], unique=False)
    op.create_index('ix_job_open_conversation', 'job', ['conversation_id', 'number'], unique=False, postgresql_where=sa.text("status IN ('queued', 'running')"))
    op.create_index('ix_job_open_number', 'job', ['queue', 'number'], unique=False, postgresql_where=sa.text("status IN ('queued', 'running')"))
    op.create_index('ix_job_open_requester', 'job', ['requester_id'], unique=False, postgresql_where=sa.text("kind = 'reply' AND status IN ('queued', 'running')"))
    op.create_index('ix_job_worker', 'job', ['worker_key'], unique=False, postgresql_where=sa.text("status = 'running'"))
    op.create_index('uq_job_one_running_reply', 'job', ['conversation_id'], unique=True, postgresql_where=sa.text("kind = 'reply' AND status = 'running'"))
    op.create_index('uq_job_reply_message', 'job', ['message_id'], unique=True, postgresql_where=sa.text("kind = 'reply'"))
    op.create_table('draft',
    sa.Column('job_id', sa.Uuid(), nullable=False),
    sa.Column('fence', sa.Integer(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('progress', sa.Double(), nullable=False),
    sa.ForeignKeyConstraint(['job_id'], ['job.id'], name=op.f('fk_draft_job_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('job_id', name=op.f('pk_draft')),
    prefixes=['UNLOGGED']
    )
    # Message and job name each other: both keys are checked when the transaction ends.
    op.create_foreign_key('fk_message_reply_job', 'message', 'job', ['reply_job_id', 'id'], ['id', 'message_id'],
                          deferrable=True, initially='DEFERRED')
    op.create_foreign_key('fk_job_reply_answers_message', 'job', 'message', ['reply_id', 'message_id'],
                          ['id', 'reply_to'], deferrable=True, initially='DEFERRED')
    op.execute("INSERT INTO knowledge_index (id, version, state, chunks) VALUES (1, 0, 'fresh', 0)")


def downgrade() -> None:
    op.drop_constraint('fk_job_reply_answers_message', 'job')
    op.drop_constraint('fk_message_reply_job', 'message')
    op.drop_table('draft')
    op.drop_index('uq_job_reply_message', table_name='job', postgresql_where=sa.text("kind = 'reply'"))
    op.drop_index('uq_job_one_running_reply', table_name='job', postgresql_where=sa.text("kind = 'reply' AND status = 'running'"))
    op.drop_index('ix_job_worker', table_name='job', postgresql_where=sa.text("status = 'running'"))
    op.drop_index('ix_job_open_requester', table_name='job', postgresql_where=sa.text("kind = 'reply' AND status IN ('queued', 'running')"))
    op.drop_index('ix_job_open_number', table_name='job', postgresql_where=sa.text("status IN ('queued', 'running')"))
    op.drop_index('ix_job_open_conversation', table_name='job', postgresql_where=sa.text("status IN ('queued', 'running')"))
    op.drop_index('ix_job_message', table_name='job')
    op.drop_index('ix_job_finished', table_name='job', postgresql_where=sa.text('finished_at IS NOT NULL'))
    op.drop_index('ix_job_due', table_name='job', postgresql_where=sa.text("status = 'queued'"))
    op.drop_index(op.f('ix_job_document_id'), table_name='job')
    op.drop_index('ix_job_conversation', table_name='job')
    op.drop_table('job')
    op.drop_index('ix_passage_version', table_name='passage')
    op.drop_table('passage')
    op.drop_table('message')
    op.drop_index(op.f('ix_sign_in_account_id'), table_name='sign_in')
    op.drop_table('sign_in')
    op.drop_index('uq_document_digest', table_name='document', postgresql_where=sa.text("state <> 'deleted'"))
    op.drop_table('document')
    op.drop_index('ix_conversation_waiting', table_name='conversation', postgresql_where=sa.text('waiting_since IS NOT NULL'))
    op.drop_index('ix_conversation_status_activity', table_name='conversation')
    op.drop_index('ix_conversation_client_activity', table_name='conversation')
    op.drop_index('ix_conversation_activity', table_name='conversation')
    op.drop_table('conversation')
    op.drop_table('throttle')
    op.drop_table('queue_head')
    op.drop_table('periodic_run')
    op.drop_table('knowledge_index')
    op.drop_index('uq_account_email', table_name='account')
    op.drop_table('account')
    for queue in QUEUES:
        op.execute(sa.schema.DropSequence(sa.Sequence(f'job_number_{queue}')))
    op.execute(sa.schema.DropSequence(sa.Sequence('worker_key')))
