"""The four stages as data: what each batch is, which loss it gets, and on what."""

import dataclasses
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from satipatthana import presets
from satipatthana.components.objectives import balance, blur, orthogonality
from satipatthana.components.vipassana import (
    SCORES,
    FamiliarVipassana,
    GroundedVipassana,
    Insight,
    grounding_metrics,
)
from satipatthana.configs import DEFAULT_WEIGHTS, RunConfig
from satipatthana.core.system import LEARNS, SatipatthanaSystem, TrainingStage
from satipatthana.data import load_dataset
from satipatthana.data.void import HELD_OUT_VOIDS, TRAINED_VOIDS
from satipatthana.measures import auroc, mse
from satipatthana.train import stages
from satipatthana.train.stages import (
    EARLY,
    PATHS,
    STAGES,
    Batch,
    adapter_loss,
    answer_features,
    answer_loss,
    augment,
    fit_metric_statistics,
    samatha_loss,
    split_paths,
    vipassana_loss,
    walk_paths,
)
from satipatthana.train.trainer import SatipatthanaTrainer
from tests.tiny import changed, tiny_config, tiny_digits, tiny_system

EVEN = dict.fromkeys(PATHS, 1.0)


def batch_of(system: SatipatthanaSystem, stage: int, n: int = 40, seed: int = 0, **weights: float) -> Batch:
    data, config = tiny_digits(), system.config
    assert isinstance(config, RunConfig)
    plan = {**config.curriculum.stage(stage).weights, **weights}
    return Batch(data.x[:n], data.y[:n], torch.Generator().manual_seed(seed), config.curriculum, plan)


@pytest.fixture
def system() -> SatipatthanaSystem:
    return tiny_system({"curriculum.paths": EVEN})


# --- the list -------------------------------------------------------------------------------------------------------


def test_the_stages_are_listed_in_order_with_their_terms():
    assert [stage.stage for stage in STAGES] == list(TrainingStage)
    for stage, weights in zip(STAGES, DEFAULT_WEIGHTS, strict=True):
        # what is off by default is a chart only where somebody turns it on
        assert stage.terms == ("total", *(name for name in weights if name != EARLY))
        assert stage.learns == LEARNS[stage.stage]
        assert stage.title and stage.gloss


@pytest.mark.parametrize("stage", range(4))
def test_a_loss_gives_the_terms_that_its_stage_lists(system: SatipatthanaSystem, stage: int):
    batch = batch_of(system, stage)
    if stage == 3:
        features = torch.cat(answer_features(system, batch), dim=1)
        batch = Batch(features, batch.y, batch.generator, batch.curriculum, batch.weights)
    terms = STAGES[stage].loss(system, batch)
    assert tuple(name for name in terms if name != "floor") == STAGES[stage].terms[1:]
    assert all(term.dim() == 0 and term.isfinite() for term in terms.values())


# --- stage 0 --------------------------------------------------------------------------------------------------------


def test_augmentation_shifts_first_and_adds_noise_to_what_is_to_be_found(system: SatipatthanaSystem):
    batch = batch_of(system, 0)
    clean, noisy, sigma = augment(system, batch)
    assert clean.shape == noisy.shape == batch.x.shape
    assert sigma.min() >= 0 and sigma.max() <= 0.7 and len(set(sigma.tolist())) > 30
    spread = (noisy - clean).flatten(1).std(dim=1)
    assert torch.allclose(spread, sigma, rtol=0.15, atol=0.01)  # each sample its own
    assert not torch.equal(clean, batch.x)


def test_stage_0_asks_for_the_clean_input(system: SatipatthanaSystem):
    terms = adapter_loss(system, batch_of(system, 0))
    clean, noisy, _ = augment(system, batch_of(system, 0))
    expected = F.mse_loss(system.reconstruct(system.samatha.adapter(noisy)), clean)
    assert torch.allclose(terms["reconstruction"], expected)


# --- stage 1 --------------------------------------------------------------------------------------------------------


def test_the_terms_of_stage_1_are_what_they_say(system: SatipatthanaSystem):
    """Each term rebuilt from a thought of the test's own, on the same luck."""
    terms = samatha_loss(system, batch_of(system, 1))
    batch = batch_of(system, 1)
    clean, noisy, _ = augment(system, batch)
    t = torch.randint(0, 10, (10,), generator=batch.generator)
    thought = system.think(noisy, gate="training")
    states = thought.santana.to_tensor()
    watched = states[t, torch.arange(10)]
    blurred = blur(clean[:10], 3.0 * (1 - t / 10))
    s_last, s_before = thought.stability_pair
    expected = {
        "reconstruction": F.mse_loss(system.decode(thought.s_star), clean),
        "intermediate": F.mse_loss(system.decode(watched), blurred),
        "guidance": F.cross_entropy(system.aux_head(thought.s_star), batch.y),
        "stability": (s_last - s_before).square().sum(dim=1).mean(),
        "balance": balance(thought.meta.attention),
        "orthogonality": orthogonality(system.probes),
        "diversity": stages.ProbeDiversityLoss().compute_loss(system.probes)[0],
    }
    for name, value in expected.items():
        assert torch.allclose(terms[name], value, atol=1e-5), name


def test_the_stability_term_reaches_vicara():
    """Failure 1: computed from the detached log, this term had no gradient at all."""
    system = tiny_system({"samatha.sati.n_steps": 2})
    system.set_stage(1)
    term = samatha_loss(system, batch_of(system, 1))["stability"]
    assert term.requires_grad
    term.backward()
    norm = sum(float(p.grad.norm()) for p in system.samatha.vicara.parameters() if p.grad is not None)
    assert norm > 1e-3


@pytest.mark.parametrize(
    ("term", "reached"),
    [
        ("reconstruction", {"adapter", "vitakka", "vicara", "samatha_recon_head"}),
        ("intermediate", {"adapter", "vitakka", "vicara", "samatha_recon_head"}),
        ("guidance", {"adapter", "vitakka", "vicara", "aux_head"}),
        ("stability", {"adapter", "vitakka", "vicara"}),
        ("balance", {"adapter", "vitakka"}),
        ("orthogonality", {"vitakka"}),
        ("diversity", {"vitakka"}),
    ],
)
def test_each_term_teaches_the_parts_it_is_about(system: SatipatthanaSystem, term: str, reached: set[str]):
    system.set_stage(1)
    samatha_loss(system, batch_of(system, 1))[term].backward()
    found = {
        name
        for name, part in system.components().items()
        if any(p.grad is not None and p.grad.abs().sum() > 0 for p in part.parameters())
    }
    assert found == reached


def test_the_early_term_asks_half_the_batch_on_the_way_the_later_the_more(system: SatipatthanaSystem):
    terms = samatha_loss(system, batch_of(system, 1, early=1.0))
    batch = batch_of(system, 1)
    clean, noisy, _ = augment(system, batch)
    t = torch.randint(0, 10, (20,), generator=batch.generator)
    states = system.think(noisy, gate="training").santana.to_tensor()
    each = F.cross_entropy(system.aux_head(states[t, torch.arange(20)]), batch.y[:20], reduction="none")
    assert torch.allclose(terms[EARLY], ((t + 1) / 10 * each).mean(), atol=1e-5)
    blurred = blur(clean[:10], 3.0 * (1 - t[:10] / 10))  # a quarter of it is drawn as well
    assert torch.allclose(
        terms["intermediate"], F.mse_loss(system.decode(states[t[:10], torch.arange(10)]), blurred), atol=1e-5
    )
    alone = samatha_loss(system, batch_of(system, 1, early=1.0, intermediate=0.0))
    assert "intermediate" not in alone and alone[EARLY].isfinite()


@pytest.mark.parametrize(("hide", "hidden"), [(True, 1.0), (False, 0.0)])
def test_parts_are_hidden_only_where_a_stage_asks_for_it(hide: bool, hidden: float):
    quiet = {"samatha.augmenter.half_hidden": 1.0, "samatha.augmenter.max_noise": 0.0}
    system = tiny_system(quiet)
    clean, given, sigma = augment(system, batch_of(system, 1), hide)
    bare = sigma == 0
    changed = (clean[bare] != given[bare]).flatten(1).any(dim=1).float().mean()
    assert bool(bare.any()) and float(changed) == hidden


def test_terms_of_weight_0_are_left_out(system: SatipatthanaSystem):
    terms = samatha_loss(system, batch_of(system, 1, intermediate=0, guidance=0))
    assert set(terms) == {"reconstruction", "stability", "balance", "orthogonality", "diversity"}
    bare = batch_of(system, 1)
    bare = Batch(bare.x, bare.y, bare.generator, bare.curriculum, {"reconstruction": 1.0})
    assert set(samatha_loss(system, bare)) == set(terms)


def test_stage_1_learns_although_the_inference_gate_is_shut():
    """Failure 4: behind a shut gate every sample ends in one state, and nothing can be learnt from it."""
    system = tiny_system({"samatha.vitakka.inference_gate_threshold": 1.0})
    system.set_stage(1)
    terms = samatha_loss(system, batch_of(system, 1))
    terms["guidance"].backward()
    adapter = sum(float(p.grad.norm()) for p in system.samatha.adapter.parameters() if p.grad is not None)
    assert adapter > 1e-3


def test_hard_attention_has_finite_gradients_though_most_probes_are_unused():
    system = tiny_system({"samatha.vitakka.attention": "hard", "samatha.vitakka.n_probes": 30})
    system.set_stage(1)
    terms = samatha_loss(system, batch_of(system, 1, n=8))
    terms["balance"].backward()
    assert system.probes.grad is not None and system.probes.grad.isfinite().all()
    assert system.probes.grad.abs().sum() > 0


# --- stage 2 --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("batch", "shares", "sizes"),
    [
        (20, EVEN, [4, 4, 4, 4, 4]),
        (64, EVEN, [13, 13, 13, 13, 12]),
        (1, EVEN, [1, 0, 0, 0, 0]),
        (10, {"clean": 3, "void": 1}, [8, 0, 0, 0, 2]),
        (7, {"drunk": 2.0, "mismatch": 1.0}, [0, 0, 5, 2, 0]),
        (5, {"mismatch": 0.5}, [0, 0, 0, 5, 0]),
    ],
)
def test_shares_become_rows(batch: int, shares: dict[str, float], sizes: list[int]):
    assert split_paths(batch, shares) == sizes
    assert sum(sizes) == batch


def test_there_is_a_clean_path_and_it_is_to_be_trusted(system: SatipatthanaSystem):
    """Failure 7: without clean thoughts among the paths, trust never learns what to trust."""
    assert "clean" in PATHS and tiny_config().curriculum.paths["clean"] > 0
    paths = walk_paths(system, batch_of(system, 2))
    clean = paths.path == PATHS.index("clean")
    assert int(clean.sum()) == 8
    assert (paths.target[clean] == 1).all()
    assert torch.equal(paths.thought.x_given[clean], tiny_digits().x[:40][clean])
    assert not paths.thought.santana.skipped[:, clean].any()


def test_the_five_paths_and_their_targets(system: SatipatthanaSystem):
    x = tiny_digits().x[:40]
    paths = walk_paths(system, batch_of(system, 2))
    thought, santana = paths.thought, paths.thought.santana
    rows = {name: paths.path == index for index, name in enumerate(PATHS)}
    assert {name: int(mask.sum()) for name, mask in rows.items()} == dict.fromkeys(PATHS, 8)
    severity = thought.severity[rows["augmented"]]
    assert severity.min() >= 0.2 and severity.max() <= 0.7 and len(set(severity.tolist())) == 8
    assert torch.allclose(paths.target[rows["augmented"]], 1 - severity)
    assert (thought.severity[~rows["augmented"]] == 0).all()
    for name in ("drunk", "mismatch", "void"):
        assert (paths.target[rows[name]] == 0).all()
    assert santana.skipped[:, rows["drunk"]].any() and not santana.skipped[:, ~rows["drunk"]].any()
    given = thought.x_given
    for name in ("clean", "drunk", "mismatch"):
        assert torch.equal(given[rows[name]], x[rows[name]])
    for name in ("augmented", "void"):
        assert ((given - x)[rows[name]].flatten(1).abs().amax(dim=1) > 0).all()


def test_mismatch_is_a_derangement_of_its_own_rows(system: SatipatthanaSystem):
    for seed in range(5):
        paths = walk_paths(system, batch_of(system, 2, seed=seed))
        rows = (paths.path == PATHS.index("mismatch")).nonzero()[:, 0]
        partner = paths.partner[rows]
        assert (partner != rows).all() and set(partner.tolist()) == set(rows.tolist())
        others = (paths.path != PATHS.index("mismatch")).nonzero()[:, 0]
        assert torch.equal(paths.partner[others], others)
        assert torch.equal(paths.s_star, paths.thought.s_star[paths.partner])


@pytest.mark.parametrize("n", [1, 4, 5, 6, 9])
def test_a_mismatch_of_one_is_left_out(system: SatipatthanaSystem, n: int):
    paths = walk_paths(system, batch_of(system, 2, n=n))
    mismatched = split_paths(n, EVEN)[PATHS.index("mismatch")]
    left = n - mismatched if mismatched == 1 else n
    assert len(paths.target) == len(paths.path) == len(paths.s_star) == len(paths.thought.x_given) == left
    assert paths.thought.santana.to_tensor().shape[1] == paths.thought.meta.gate.shape[0] == left
    assert int((paths.path == PATHS.index("mismatch")).sum()) == (mismatched if mismatched > 1 else 0)
    assert all(term.isfinite() for term in vipassana_loss(system, batch_of(system, 2, n=n)).values())


class Listener(nn.Module):
    """A vipassana that keeps what it was told."""

    def forward(self, s_star: Tensor, santana: Any, probes: Tensor, error: Tensor) -> Insight:
        self.s_star, self.santana, self.error = s_star, santana, error
        return Insight(torch.zeros(len(s_star), 3, requires_grad=True), torch.zeros(len(s_star), 6), error > 0)


def test_the_mismatch_path_is_judged_by_the_error_it_really_makes():
    """Failure 14: with its error left at 0, the score learns the zero instead of the mismatch."""
    listener = Listener()
    system = SatipatthanaSystem(tiny_config(), parts={"vipassana": listener})
    vipassana_loss(system, batch_of(system, 2))
    paths = walk_paths(system, batch_of(system, 2))
    images = system.decode(paths.thought.s_star)
    rows = (paths.path == PATHS.index("mismatch")).nonzero()[:, 0]
    for i in rows.tolist():
        j = int(paths.partner[i])
        assert torch.equal(listener.s_star[i], paths.thought.s_star[j])
        assert torch.equal(listener.santana.to_tensor()[:, i], paths.thought.santana.to_tensor()[:, j])
        wrong, right = (
            mse(images[j][None], paths.thought.x_given[i][None]),
            mse(images[i][None], tiny_digits().x[i][None]),
        )
        assert torch.allclose(listener.error[i], wrong[0])
        assert not torch.allclose(listener.error[i], right[0], atol=1e-6)
    assert (listener.error > 0).all()


@pytest.mark.parametrize("voids", ["six", "wide"])
def test_the_voids_are_the_families_that_are_trained_on(voids: str, monkeypatch: pytest.MonkeyPatch):
    system = tiny_system({"curriculum.voids": voids})
    asked = []
    real = stages.mix_voids
    monkeypatch.setattr(stages, "mix_voids", lambda x, g, families: asked.append(families) or real(x, g, families))
    walk_paths(system, batch_of(system, 2))
    assert asked == [TRAINED_VOIDS] and not set(stages.STAGE2_VOIDS) & set(HELD_OUT_VOIDS)


def test_wide_voids_are_half_the_six_and_half_cut_cloudy_and_chimeras():
    system = tiny_system({"curriculum.paths": {"void": 1.0}})
    paths = walk_paths(system, batch_of(system, 2, n=48))
    count = {name: int((paths.family == i).sum()) for i, name in enumerate(stages.STAGE2_VOIDS)}
    assert all(count[name] == 8 for name in ("cutmix", "clouds", "chimera")), count
    assert sum(count.values()) == 48 and (paths.target == 0).all()


def test_a_chimera_is_drawn_from_the_coordinates_of_two_thoughts(system: SatipatthanaSystem):
    x, other = tiny_digits().x[:3], tiny_digits().x[5:8]
    asked: list[torch.Tensor] = []
    real = system.decode
    system.decode = lambda s: asked.append(s) or real(s)  # type: ignore[method-assign,assignment]
    drawn = stages.chimera(system, x, other, torch.Generator().manual_seed(0))
    ends = [system.think(part, gate="training").s_star for part in (x, other)]
    assert drawn.shape == x.shape and drawn.abs().max() <= 1
    first, second = (torch.isclose(asked[0], end, atol=1e-6) for end in ends)
    assert (first | second).all() and 0.3 < float(first.float().mean()) < 0.7


def test_wide_voids_mix_two_classes_only(monkeypatch: pytest.MonkeyPatch):
    system = tiny_system({"curriculum.paths": {"void": 1.0}})
    mixed: list[tuple[torch.Tensor, torch.Tensor]] = []
    real = stages.make_void
    monkeypatch.setattr(
        stages, "make_void", lambda name, x, g, other: mixed.append((x, other)) or real(name, x, g, other)
    )
    batch = batch_of(system, 2)
    walk_paths(system, batch)
    label = {image.numpy().tobytes(): int(y) for image, y in zip(batch.x, batch.y, strict=True)}
    pairs = [(a.numpy().tobytes(), b.numpy().tobytes()) for x, other in mixed for a, b in zip(x, other, strict=True)]
    assert pairs and all(label[a] != label[b] for a, b in pairs)
    alone = dataclasses.replace(batch, y=torch.zeros_like(batch.y))
    drawn, family = stages.draw_voids(system, alone, torch.arange(len(alone.x)))
    assert {stages.STAGE2_VOIDS[i] for i in family.unique()} <= {*TRAINED_VOIDS, "clouds"} and drawn.isfinite().all()


def test_the_familiar_one_is_measured_on_the_clean_path():
    system = tiny_system()
    assert isinstance(system.vipassana, FamiliarVipassana)
    for action in stages.STAGES[2].entry:
        action.run(system, batch_of(system, 2))
    x = tiny_digits().x[:20]
    assert torch.allclose(system.vipassana.known.ends.float(), system.think(x).s_star, atol=2e-3)
    paths = walk_paths(system, batch_of(system, 2))
    metrics = system.judge(paths.s_star, paths.thought.santana.rows(paths.partner), paths.thought.x_given).metrics
    assert metrics is not None
    clean = metrics[paths.path == PATHS.index("clean")]
    assert torch.allclose(system.vipassana.metric_mean, clean.mean(dim=0), atol=0.3)


def test_without_a_clean_path_all_set_the_scale():
    system = tiny_system({"curriculum.paths": {**EVEN, "clean": 0.0}})
    for action in stages.STAGES[2].entry:
        action.run(system, batch_of(system, 2))
    assert isinstance(system.vipassana, FamiliarVipassana)
    assert system.vipassana.metric_mean.isfinite().all() and (system.vipassana.metric_std < 100).all()


def test_stages_2_and_3_think_behind_the_training_gate():
    """A calibrated inference gate would show them shut-out blanks in the place of voids."""
    shut = tiny_system({"samatha.vitakka.inference_gate_threshold": 1.0})
    opened = tiny_system()
    a, b = (walk_paths(system, batch_of(system, 2)).s_star for system in (shut, opened))
    assert torch.equal(a, b) and (a[:8].std(dim=0) > 0).all()
    a, b = (answer_features(system, batch_of(system, 3))[0] for system in (shut, opened))
    assert torch.equal(a, b)


def test_the_scores_are_held_against_the_targets(system: SatipatthanaSystem):
    terms = vipassana_loss(system, batch_of(system, 2))
    paths = walk_paths(system, batch_of(system, 2))
    insight = system.judge(paths.s_star, paths.thought.santana.rows(paths.partner), paths.thought.x_given)
    for index, name in enumerate(SCORES):
        expected = F.binary_cross_entropy_with_logits(insight.logits[:, index], paths.target)
        assert torch.allclose(terms[name], expected, atol=1e-6)
    # a judge that knew every target would still pay the floor of the soft ones
    best = F.binary_cross_entropy(paths.target, paths.target)
    assert torch.allclose(terms["floor"], best, atol=1e-6) and terms["floor"] > 0


def test_no_gradient_is_asked_of_what_stage_2_only_looks_at(system: SatipatthanaSystem):
    system.set_stage(2)
    assert not walk_paths(system, batch_of(system, 2)).s_star.requires_grad
    sum(term for name, term in vipassana_loss(system, batch_of(system, 2)).items() if name != "floor").backward()  # type: ignore[union-attr]
    for name, part in system.components().items():
        learnt = [p.grad is not None and bool(p.grad.abs().sum() > 0) for p in part.parameters()]
        assert all(learnt) if name == "vipassana" else not any(learnt)


def test_the_statistics_of_the_grounded_one_are_those_of_the_five_paths():
    system = tiny_system({"vipassana.kind": "grounded"})
    fit_metric_statistics(system, batch_of(system, 2, n=60))
    paths = walk_paths(system, batch_of(system, 2, n=60))
    error = mse(system.decode(paths.s_star), paths.thought.x_given)
    metrics = grounding_metrics(paths.s_star, paths.thought.santana.rows(paths.partner), system.probes, error)
    assert type(system.vipassana) is GroundedVipassana
    assert torch.allclose(system.vipassana.metric_mean, metrics.mean(dim=0), atol=1e-5)
    assert torch.allclose(system.vipassana.metric_std, metrics.std(dim=0).clamp_min(1e-3), atol=1e-5)


# --- stage 3 --------------------------------------------------------------------------------------------------------


def test_the_answer_reads_the_state_and_the_context(system: SatipatthanaSystem):
    batch = batch_of(system, 3)
    s_star, v_ctx = answer_features(system, batch)
    assert s_star.shape == (40, 16) and v_ctx.shape == (40, 6)
    again = batch_of(system, 3)
    _, noisy, _ = augment(system, again)
    assert torch.equal(s_star, system(noisy, gate="training").s_star)
    features = Batch(torch.cat([s_star, v_ctx], dim=1), batch.y, batch.generator, batch.curriculum, batch.weights)
    expected = F.cross_entropy(system.logits(s_star, v_ctx), batch.y)
    assert torch.allclose(answer_loss(system, features)["answer"], expected)


# --- points of a plane ----------------------------------------------------------------------------------------------


def test_stage_2_learns_to_doubt_points_too():
    moons = load_dataset("moons")
    plan = {f"curriculum.stage{stage}.n_steps": 40 for stage in range(3)}
    config = changed(presets.default("moons", (2,), 2), {"vipassana.n_known": 200, **plan})
    trainer = SatipatthanaTrainer(SatipatthanaSystem(config), moons.train)
    for stage in range(3):
        records = trainer.train_stage(stage)
    assert isinstance(trainer.system.vipassana, FamiliarVipassana)
    excess = [record.losses["trust"] - record.losses["floor"] for record in records]
    assert sum(excess[-10:]) < 0.8 * sum(excess[:10])
    trainer.system.set_stage(None)
    x = moons.validation.x
    far = trainer.system(x + torch.tensor([0.0, 2.0]))
    assert auroc(trainer.system(x).insight.trust[:, 0], far.insight.trust[:, 0]) > 0.9
