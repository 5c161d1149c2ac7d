"""Views: the FOCUS view that users of the detailed export make for themselves, in GoogleSQL."""

from typing import Final

from tests.clouds.gcp.bq_sql import understand
from tests.clouds.gcp.warehouse import EXPORTS, Table, Warehouse

NAME: Final = "focus_v1_0"
_FOCUS: Final = """
SELECT
  CAST(t.cost AS NUMERIC) + IFNULL((SELECT SUM(CAST(c.amount AS NUMERIC)) FROM UNNEST(t.credits) AS c), 0) AS BilledCost,
  t.billing_account_id AS BillingAccountId,
  t.currency AS BillingCurrency,
  CASE t.cost_type WHEN 'tax' THEN 'Tax' WHEN 'regular' THEN 'Usage' ELSE 'Adjustment' END AS ChargeCategory,
  t.usage_start_time AS ChargePeriodStart,
  t.usage_end_time AS ChargePeriodEnd,
  CAST(t.cost_at_list AS NUMERIC) AS ListCost,
  t.location.region AS RegionId,
  t.resource.global_name AS ResourceId,
  t.resource.name AS ResourceName,
  t.service.description AS ServiceName,
  t.sku.id AS SkuId,
  t.project.id AS SubAccountId,
  t.project.name AS SubAccountName,
  t.labels AS Tags,
  t.invoice.month AS x_InvoiceMonth
FROM `{0}` AS t
"""


def add_focus_view(warehouse: Warehouse) -> Table:
    """Make the view in the dataset of the first account's exports."""
    suffix = warehouse.ledger.accounts[0].replace("-", "_")
    base = warehouse.table(f"gcp_billing_export_resource_v1_{suffix}")
    text = _FOCUS.format(f"{base.project}.{base.dataset}.{base.name}")
    source = understand(text, warehouse, base.project, {}, []).sql
    return warehouse.add_table(warehouse.dataset(EXPORTS), NAME, source, partitioned=False, view=text)
