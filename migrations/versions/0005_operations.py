"""Pauses, the use of the model by the hour, and the request a job came from."""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

REASONS = "'customer', 'no_answer', 'deadline', 'crashes', 'fatal', 'staff_spoke', 'closed', 'assistant_off', 'anger', 'repeated', 'safety'"


def upgrade() -> None:
    op.drop_constraint('ck_conversation_handover_reason', 'conversation')
    op.create_check_constraint(
        op.f('ck_conversation_handover_reason'), 'conversation', f"handover_reason IN ({REASONS}, 'paused')"
    )
    op.add_column('job', sa.Column('request_id', sa.Text(), nullable=True))
    op.create_table('pause',
    sa.Column('subject', sa.Enum('assistant', 'replies', 'images', 'background', 'documents', name='subject', native_enum=False, create_constraint=True, length=32), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('author_id', sa.Uuid(), nullable=True),
    sa.Column('since', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['author_id'], ['account.id'], name=op.f('fk_pause_author_id'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('subject', name=op.f('pk_pause'))
    )
    op.create_table('model_use',
    sa.Column('hour', sa.DateTime(timezone=True), nullable=False),
    sa.Column('model', sa.Text(), nullable=False),
    sa.Column('operation', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('calls', sa.Integer(), nullable=False),
    sa.Column('input_tokens', sa.BigInteger(), nullable=False),
    sa.Column('output_tokens', sa.BigInteger(), nullable=False),
    sa.Column('last_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('hour', 'model', 'operation', 'status', name=op.f('pk_model_use'))
    )


def downgrade() -> None:
    op.execute("UPDATE conversation SET handover_reason = 'assistant_off' WHERE handover_reason = 'paused'")
    op.drop_constraint('ck_conversation_handover_reason', 'conversation')
    op.create_check_constraint(op.f('ck_conversation_handover_reason'), 'conversation', f"handover_reason IN ({REASONS})")
    op.drop_table('model_use')
    op.drop_table('pause')
    op.drop_column('job', 'request_id')
