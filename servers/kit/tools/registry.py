"""Every tool of a cloud server, one line each."""

from typing import Final

from servers.kit.tools.describe_server import describe_server
from servers.kit.tools.export_costs import export_costs
from servers.kit.tools.forecast_costs import forecast_costs
from servers.kit.tools.list_accounts import list_accounts
from servers.kit.tools.list_anomalies import list_anomalies
from servers.kit.tools.list_budgets import list_budgets
from servers.kit.tools.list_commitments import list_commitments
from servers.kit.tools.list_prices import list_prices
from servers.kit.tools.list_recommendations import list_recommendations
from servers.kit.tools.list_resources import list_resources
from servers.kit.tools.query_costs import query_costs
from servers.kit.tools.query_usage import query_usage
from serving.tool import ToolSpec

TOOLS: Final = (
    ToolSpec(describe_server, "Describe this server"),
    ToolSpec(query_costs, "Costs of this cloud"),
    ToolSpec(list_resources, "Resources of this cloud"),
    ToolSpec(list_prices, "Prices of this cloud"),
    ToolSpec(list_commitments, "Commitments of this cloud"),
    ToolSpec(list_recommendations, "Recommendations of this cloud"),
    ToolSpec(query_usage, "Measured use of resources"),
    ToolSpec(list_accounts, "Accounts of this cloud"),
    ToolSpec(list_budgets, "Budgets of this cloud"),
    ToolSpec(list_anomalies, "Anomalies found by this cloud"),
    ToolSpec(forecast_costs, "Forecast by this cloud"),
    ToolSpec(export_costs, "The bill in bulk"),
)
