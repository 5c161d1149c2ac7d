"""The official examples pass the same contract check as the endpoint's traffic, but for those whose defect is named."""

from pathlib import Path

from tests.clouds.aws.contract import violations
from tests.clouds.aws.examples import examples

DEFECTS = {
    "ce/get-reservation-coverage.0": "shows the reply of GetDimensionValues",
    "cloudfront/list-distributions.0": "leaves out what the list says of itself",
    "compute-optimizer/recorded-GetEC2InstanceRecommendations_1.0": "findings in the words of an older API",
    "cost-optimization-hub/recorded-ListRecommendations_1.0": "an empty list of tags, though at least one is due",
    "cost-optimization-hub/recorded-ListRecommendations_1.1": "an empty list of tags, though at least one is due",
    "dynamodb/describe-table.0": "a count of nought where the model starts at one",
    "dynamodb/list-tables.2": "the token that the command line makes itself",
    "efs/describe-file-systems.0": "a made-up key id",
    "kinesis/list-streams.0": "leaves out whether there are more",
    "organizations/list-organizational-units-for-parent.0": "made-up ARNs",
    "redshift/describe-reserved-nodes.0": "numbers as text, and the answer's own metadata",
    "savingsplans/recorded-DescribeSavingsPlans_1.1": "members in the capitals of an older SDK",
    "savingsplans/recorded-DescribeSavingsPlans_1.2": "members in the capitals of an older SDK",
}


def test_the_official_examples_keep_the_contract_or_their_defect_is_named(reference_data: Path) -> None:
    replayed = list(examples(reference_data / "api-examples" / "aws"))

    broken = {
        example.name
        for example in replayed
        if any(violations(example.operation.output_shape, example.response))
        or (example.input is not None and any(violations(example.operation.input_shape, example.input)))
    }

    assert len(replayed) >= 100
    assert broken == DEFECTS.keys()
