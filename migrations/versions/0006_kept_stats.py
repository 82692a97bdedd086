"""Figures of a period as they were last read, for the firms in which reading them takes long."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

KINDS = "'reply', 'image', 'summary', 'ingest', 'search', 'proposal', 'mail'"


def upgrade() -> None:
    op.create_table('kept_stats',
    sa.Column('period', sa.Text(), nullable=False),
    sa.Column('zone', sa.Text(), nullable=False),
    sa.Column('content', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('took_s', sa.Float(), nullable=False),
    sa.Column('read_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.PrimaryKeyConstraint('period', 'zone', name=op.f('pk_kept_stats'))
    )
    op.drop_constraint('ck_job_kind', 'job')
    op.create_check_constraint(op.f('ck_job_kind'), 'job', f"kind IN ({KINDS}, 'stats')")


def downgrade() -> None:
    op.execute("DELETE FROM job WHERE kind = 'stats'")
    op.drop_constraint('ck_job_kind', 'job')
    op.create_check_constraint(op.f('ck_job_kind'), 'job', f'kind IN ({KINDS})')
    op.drop_table('kept_stats')
