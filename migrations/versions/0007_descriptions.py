"""Descriptions of photos by a model as jobs of their own, which nobody's cleaning waits for."""

from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

KINDS = "'reply', 'image', 'summary', 'ingest', 'search', 'proposal', 'mail', 'stats'"


def upgrade() -> None:
    op.drop_constraint('ck_job_kind', 'job')
    op.create_check_constraint(op.f('ck_job_kind'), 'job', f"kind IN ({KINDS}, 'description')")


def downgrade() -> None:
    op.execute("DELETE FROM job WHERE kind = 'description'")
    op.drop_constraint('ck_job_kind', 'job')
    op.create_check_constraint(op.f('ck_job_kind'), 'job', f'kind IN ({KINDS})')
