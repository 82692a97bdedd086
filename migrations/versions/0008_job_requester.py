"""Jobs by who asked for them: erasing an account looked at every job there is."""

from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index('ix_job_requester', 'job', ['requester_id'])


def downgrade() -> None:
    op.drop_index('ix_job_requester', table_name='job')
