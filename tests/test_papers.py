"""The pages of numbers say what was measured: the papers' beside ours, and the record."""

import page
import papers
import pytest
import record
import torch

from course_utils.data import DataError


def test_the_table_of_papers_is_what_was_measured():
    assert page.tables_of("papers") == [papers.made(page.kept("papers"))]


def test_claims_are_measured_and_each_has_a_reason_for_its_distance():
    measured, claims = page.kept("papers"), []
    assert set(measured) <= set(papers.EXPERIMENTS)
    for name in measured:
        claims += papers.EXPERIMENTS[name].claims
    assert len(claims) >= 12
    assert all(claim.why and claim.paper and claim.what for claim in claims)


@pytest.mark.parametrize("name", [pytest.param("pca_30", marks=pytest.mark.thorough), "symbols"])
def test_the_quickest_come_out_again(name):
    try:
        papers.mnist()
    except DataError:
        pytest.skip("MNIST is not here")
    assert papers.EXPERIMENTS[name].run() == pytest.approx(page.kept("papers")[name]["ours"], 1e-3)


def test_a_row_gives_the_distance_with_its_sign():
    claim = papers.Claim("a paper", "a cost", 10.0, "haste", digits=1)
    row = papers.row("fast", claim, 9.26, 31.4)
    assert row == ("`fast`", "a paper", "a cost", "10.0", "9.3", "−0.7", "haste", "31")
    unknown = papers.row("slow", claim, None, None)
    assert unknown == ("`slow`", "a paper", "a cost", "10.0", "–", "–", "haste", "–")


def test_the_tables_of_the_record_are_what_was_measured():
    assert page.tables_of("record") == record.made(page.kept("record"))


def test_the_ladder_is_eight_single_changes_and_every_rung_reaches_its_goal():
    kept = page.kept("record")
    assert "grey" in kept and len(record.LADDER) == 9
    for goal in kept:
        lowest = kept[goal][0]["rung"]
        rungs = [rung for rung in record.LADDER[lowest:] if goal in rung.passes]
        expected = [(rung.name, rung.passes[goal]) for rung in rungs]
        assert [(each["name"], each["passes"]) for each in kept[goal]] == expected
        assert all(each["worst"] <= record.GOALS[goal] for each in kept[goal])
        assert kept[goal][-1]["share"] == min(each["share"] for each in kept[goal])


def test_a_rung_trains_the_network_that_it_says():
    train = torch.rand(200, 784, generator=torch.Generator().manual_seed(0))
    best = record.recipes()[-1]
    assert best.one_tensor and best.mean_picture and best.rate == 6e-3
    torch.manual_seed(0)
    model = record.trained(best, 0.01, train, binary=True)
    assert not model.draw.bias.equal(record.Network(best, train).draw.bias)
    sizes = [tuple(p.shape) for p in model.parameters() if p.ndim == 2]
    assert sizes == [(400, 784), (20, 400), (20, 400), (400, 20), (784, 400)]


def test_both_losses_of_the_ladder_are_one_bound():
    x = torch.rand(8, 784, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    plain = record.Network(record.Recipe(), x)
    torch.manual_seed(0)
    other = record.Network(record.Recipe(logits=True), x)
    torch.manual_seed(1)
    cost = plain.loss(x)
    torch.manual_seed(1)
    assert torch.allclose(other.loss(x), cost, rtol=1e-5)
