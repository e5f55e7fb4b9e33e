"""The curriculum as a plain PyTorch loop: the same modules, the losses written out, nothing kept beside them.

No records, no keyframes, no vitals, no check of a number, no seeded step: what is left when all that the trainer
offers is taken away. It must do the same work otherwise, so it also prepares the stages as the trainer does.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from satipatthana import SantanaLog, SatipatthanaSystem, TrainingStage
from satipatthana.components.vicara import InjectedVicara, Step
from satipatthana.components.vipassana import FamiliarVipassana
from satipatthana.configs import RunConfig
from satipatthana.data import Split
from satipatthana.train.stages import Batch, draw_voids, split_paths

SHIFT_BACKGROUND = -1.0
COPIES = 3  # of the training set, among the features of stage 3


class PlainLoop:
    """One curriculum on image data with the recipe's parts: ``enter`` a stage, ``step`` through it, ``leave`` it."""

    def __init__(self, config: RunConfig, data: Split) -> None:
        self.config = config
        self.system = SatipatthanaSystem(config)
        vipassana = self.system.vipassana
        injected = len(config.x_shape) == 3 and isinstance(self.system.samatha.vicara, InjectedVicara)
        if not injected or not isinstance(vipassana, FamiliarVipassana):
            raise ValueError("The plain loop is written for images and the recipe's parts only.")
        self.vipassana = vipassana
        self.data = data
        self.x, self.y = data.x, data.y
        self.generator = torch.Generator().manual_seed(config.seed)
        self.loss = self.stage0

    # --- around the steps -----------------------------------------------------------------------------------------

    def enter(self, stage: TrainingStage) -> None:
        system, plan = self.system, self.config.curriculum.stage(int(stage))
        system.set_stage(None)
        if stage == TrainingStage.SAMATHA_TRAINING:
            some = self.data.x[torch.randperm(len(self.data), generator=self.generator)[:2000]]
            system.samatha.vitakka.fit_probes(self.encode(some), self.generator)
            system.samatha_recon_head.load_state_dict(system.adapter_recon_head.state_dict())
        elif stage == TrainingStage.VIPASSANA_TRAINING:
            some = torch.randperm(len(self.data), generator=self.generator)[:1000]
            self.remember_known()
            *seen, target = self.five_paths(self.data.x[some], self.data.y[some])
            metrics = self.vipassana.measure(*self.shown(*seen))
            self.vipassana.fit_statistics(metrics[target == 1])
        elif stage == TrainingStage.DECODER_FINETUNING:
            self.x, self.y = self.features(), self.data.y.repeat(COPIES)
        system.set_stage(stage)
        self.loss = (self.stage0, self.stage1, self.stage2, self.stage3)[stage]
        self.parameters = [parameter for parameter in system.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=plan.learning_rate, weight_decay=plan.weight_decay, fused=True
        )
        self.schedule = None
        if plan.schedule == "linear":
            self.schedule = torch.optim.lr_scheduler.LinearLR(self.optimizer, 1.0, 0.0, plan.n_steps)
        elif plan.schedule == "onecycle":
            self.schedule = torch.optim.lr_scheduler.OneCycleLR(
                self.optimizer, plan.learning_rate, plan.n_steps + 1, cycle_momentum=False
            )
        self.clip, self.weights = plan.clip_norm, plan.weights
        self.order = torch.empty(0, dtype=torch.int64)

    def leave(self) -> None:
        if self.loss == self.stage1:
            self.system.set_stage(None)
            self.system.samatha.vitakka.fit_gate_keys(self.encode(self.data.x), self.generator)
            self.system.set_stage(TrainingStage.SAMATHA_TRAINING)

    def step(self) -> Tensor:
        """One step; its loss, detached."""
        size = self.config.curriculum.batch_size
        if len(self.order) < size:
            self.order = torch.randperm(len(self.x), generator=self.generator)
        rows, self.order = self.order[:size], self.order[size:]
        total = self.loss(self.x[rows], self.y[rows])
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()
        if self.clip:
            torch.nn.utils.clip_grad_norm_(self.parameters, self.clip)
        self.optimizer.step()
        if self.schedule is not None:
            self.schedule.step()
        return total.detach()

    # --- the losses -----------------------------------------------------------------------------------------------

    def stage0(self, x: Tensor, y: Tensor) -> Tensor:
        clean, noisy = self.augment(x)
        return F.mse_loss(self.system.adapter_recon_head(self.system.samatha.adapter(noisy)), clean)

    def stage1(self, x: Tensor, y: Tensor) -> Tensor:
        system, weights = self.system, self.weights
        clean, noisy = self.augment(x)
        s, attention, step = self.first_guess(noisy)
        states = [s]
        n_steps = self.config.samatha.sati.n_steps
        for _ in range(n_steps):
            states.append(step(states[-1]))
        b = len(x) // 4
        t = torch.randint(0, n_steps, (b,), generator=self.generator)
        way = torch.stack(states)[t, torch.arange(b)]
        images = system.samatha_recon_head(torch.cat([states[-1], way]))
        blurred = blur(clean[:b], self.config.curriculum.max_blur * (1 - t / n_steps))
        unit = F.normalize(system.probes, dim=1)
        cosines = (unit @ unit.T)[~torch.eye(len(unit), dtype=torch.bool)]
        usage = attention.mean(dim=0)
        return (
            weights["reconstruction"] * F.mse_loss(images[: len(x)], clean)
            + weights["intermediate"] * F.mse_loss(images[len(x) :], blurred)
            + weights["guidance"] * F.cross_entropy(system.aux_head(states[-1]), y)
            + weights["stability"] * (states[-1] - states[-2]).square().sum(dim=1).mean()
            + weights["balance"] * (math.log(len(unit)) + (usage * usage.log()).sum())
            + weights["orthogonality"] * cosines.square().mean()
        )

    def stage2(self, x: Tensor, y: Tensor) -> Tensor:
        *seen, target = self.five_paths(x, y)
        insight = self.vipassana(*self.shown(*seen))
        wanted = target[:, None].expand(-1, insight.logits.shape[1])
        return F.binary_cross_entropy_with_logits(insight.logits, wanted, reduction="none").mean(dim=0).sum()

    def stage3(self, x: Tensor, y: Tensor) -> Tensor:
        dim = self.config.samatha.vitakka.dim
        return F.cross_entropy(self.system.answer(x[:, :dim], x[:, dim:]), y)

    # --- thinking -------------------------------------------------------------------------------------------------

    def first_guess(self, x: Tensor) -> tuple[Tensor, Tensor, Step]:
        """s0, the attention behind it, and the step of this thought."""
        config, probes = self.config.samatha.vitakka, self.system.probes
        z = self.system.samatha.adapter(x)
        similarity = F.normalize(z, dim=1) @ F.normalize(probes, dim=1).T
        attention = torch.softmax(similarity / config.temperature, dim=1)
        s = (1 - config.probe_share) * z + config.probe_share * (attention @ probes)
        return s, attention, self.system.samatha.vicara.begin(z)

    def think(self, x: Tensor, drunk: Tensor) -> tuple[Tensor, SantanaLog]:
        """s* and the record, which vipassana reads; ``drunk`` (B,) bool."""
        config = self.config.samatha
        s, _, step = self.first_guess(x)
        log = SantanaLog(s)
        for _ in range(config.sati.n_steps):
            uniform = torch.rand(len(x), generator=self.generator)
            normal = torch.randn(s.shape, generator=self.generator)
            skipped = drunk & (uniform < config.drunk_skip_prob)
            after = step(s) + config.drunk_perturbation_std * drunk[:, None] * normal
            s = torch.where(skipped[:, None], s, after)
            log.add(s, ~skipped, skipped)
        return s, log

    @torch.no_grad()
    def remember_known(self) -> None:
        """The ends and the looks that familiarity is measured against."""
        sober = torch.zeros(len(self.data), dtype=torch.bool)
        parts = self.data.x[torch.randperm(len(self.data), generator=self.generator)[:2000]].split(500)
        ends = torch.cat([self.think(part, sober[: len(part)])[0] for part in parts])
        self.vipassana.known.fit(ends, torch.cat([self.system.impression(part) for part in parts]))

    @torch.no_grad()
    def shown(self, s: Tensor, log: SantanaLog, given: Tensor) -> tuple[Tensor, SantanaLog, Tensor, Tensor, Tensor]:
        """What vipassana is shown of a thought about ``given``."""
        error = (self.system.samatha_recon_head(s) - given).square().flatten(1).mean(dim=1)
        return s, log, self.system.probes, error, self.system.impression(given)

    @torch.no_grad()
    def five_paths(self, x: Tensor, y: Tensor) -> tuple[Tensor, SantanaLog, Tensor, Tensor]:
        """Clean, augmented, drunk, mismatch, void, in the plan's parts: s*, the record, the input, and the target."""
        curriculum = self.config.curriculum
        clean, augmented, drunk, mismatch, void = torch.arange(len(x)).split(split_paths(len(x), curriculum.paths))
        given, severity = x.clone(), torch.zeros(len(x))
        severity[augmented] = 0.2 + 0.5 * torch.rand(len(augmented), generator=self.generator)
        voids = Batch(x, y, self.generator, curriculum, {})
        given[void], _ = draw_voids(self.system, voids, void)
        given = given + severity[:, None, None, None] * torch.randn(x.shape, generator=self.generator)
        is_drunk = torch.zeros(len(x), dtype=torch.bool)
        is_drunk[drunk] = True
        s, log = self.think(given, is_drunk)
        partner = torch.arange(len(x))
        partner[mismatch] = mismatch.roll(1)
        target = torch.zeros(len(x))
        target[clean] = 1.0
        target[augmented] = 1 - severity[augmented]
        s, log = s[partner], log.rows(partner)
        return s, log, given, target

    @torch.no_grad()
    def features(self) -> Tensor:
        """What the answer reads, of differently noised copies of the training set."""
        rows = []
        for _ in range(COPIES):
            for x in self.data.x.split(250):
                _, noisy = self.augment(x)
                s, _, step = self.first_guess(noisy)
                log = SantanaLog(s)
                for _ in range(self.config.samatha.sati.n_steps):
                    s = step(s)
                    log.add(s)
                context = self.vipassana(*self.shown(s, log, noisy)).v_ctx
                rows.append(torch.cat([s, context], dim=1))
        return torch.cat(rows)

    @torch.no_grad()
    def encode(self, x: Tensor) -> Tensor:
        return torch.cat([self.system.samatha.adapter(part) for part in x.split(500)])

    # --- pixels ---------------------------------------------------------------------------------------------------

    def augment(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Each image moved by its own few pixels; the same with its own noise."""
        config, (b, channels, height, width) = self.config.samatha.augmenter, x.shape
        padded = F.pad(x, (config.shift,) * 4, value=SHIFT_BACKGROUND)
        down, right = torch.randint(0, 2 * config.shift + 1, (2, b, 1), generator=self.generator)
        rows = (down + torch.arange(height))[:, None, :, None]
        columns = (right + torch.arange(width))[:, None, None, :]
        clean = padded[torch.arange(b)[:, None, None, None], torch.arange(channels)[:, None, None], rows, columns]
        sigma = config.max_noise * torch.rand(b, 1, 1, 1, generator=self.generator)
        return clean, clean + sigma * torch.randn(x.shape, generator=self.generator)


def blur(images: Tensor, sigma: Tensor) -> Tensor:
    """Gaussian blur with its own sigma (B,) per image: two one-dimensional convolutions, borders repeated."""
    b, channels, height, width = images.shape
    reach = min(math.ceil(3 * float(sigma.max())), min(height, width) - 1)
    offsets = torch.arange(-reach, reach + 1.0)
    kernel = torch.exp(-0.5 * (offsets / sigma[:, None]).square())
    kernel = (kernel / kernel.sum(dim=1, keepdim=True)).repeat_interleave(channels, dim=0)
    planes = F.pad(images.reshape(1, b * channels, height, width), (reach,) * 4, mode="replicate")
    across = F.conv2d(planes, kernel[:, None, None, :], groups=b * channels)
    return F.conv2d(across, kernel[:, None, :, None], groups=b * channels).view(images.shape)
