// One clock for everything that moves: which step of the thought, which keyframe of the training, and whether it plays.
(() => {
  "use strict";
  const STEP_MS = 250;
  const FRAME_MS = 400;

  class Clock {
    // visible() says whether anybody can see it: a clock in a closed tab stands still
    constructor(visible = () => true) {
      this.visible = visible;
      this.step = 0;
      this.steps = 0;
      this.frame = 0;
      this.frames = 1;
      this.speed = 1;
      this.playing = ""; // "", "thought" or "training"
      this.listeners = new Set();
      this.timer = null;
    }

    // listener(clock, what): what is "step", "frame", "playing" or "speed"
    on(listener) {
      this.listeners.add(listener);
      return () => this.listeners.delete(listener);
    }

    // Another thought: the clock stays where it is as far as it can; whoever looks at the present keeps looking at it.
    load(steps, frames) {
      const present = this.frame === this.frames - 1;
      this.steps = steps;
      this.frames = frames;
      this.step = Math.min(this.step, steps);
      this.frame = present ? frames - 1 : Math.min(this.frame, frames - 1);
    }

    go(step) {
      const wanted = Math.max(0, Math.min(this.steps, Math.round(step)));
      if (wanted === this.step || Number.isNaN(wanted)) return;
      this.step = wanted;
      this.tell("step");
    }

    goFrame(frame) {
      const wanted = Math.max(0, Math.min(this.frames - 1, Math.round(frame)));
      if (wanted === this.frame || Number.isNaN(wanted)) return;
      this.frame = wanted;
      this.tell("frame");
    }

    // A person's own move ends the playing.
    move(step) {
      this.pause();
      this.go(step);
    }

    moveFrame(frame) {
      this.pause();
      this.goFrame(frame);
    }

    toggle(what = "thought") {
      if (this.playing === what) this.pause();
      else this.play(what);
    }

    play(what = "thought") {
      if (what === "thought" ? this.steps === 0 : this.frames < 2) return;
      if (what === "thought" && this.step === this.steps) this.go(0);
      if (what === "training" && this.frame === this.frames - 1) this.goFrame(0);
      this.become(what);
      this.wait();
    }

    pause() {
      this.become("");
    }

    setSpeed(speed) {
      this.speed = speed;
      this.tell("speed");
    }

    become(what) {
      clearTimeout(this.timer);
      if (this.playing === what) return;
      this.playing = what;
      this.tell("playing");
    }

    wait() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.tick(), (this.playing === "training" ? FRAME_MS : STEP_MS) / this.speed);
    }

    tick() {
      if (!this.playing) return;
      if (!this.visible()) {
        this.pause();
        return;
      }
      if (this.playing === "training") this.goFrame(this.frame + 1);
      else this.go(this.step + 1);
      const over = this.playing === "training" ? this.frame === this.frames - 1 : this.step === this.steps;
      if (over) this.pause();
      else this.wait();
    }

    tell(what) {
      this.listeners.forEach((listener) => listener(this, what));
    }
  }

  window.SatiLab.Clock = Clock;
  window.SatiLab.SPEEDS = [0.25, 0.5, 1, 2, 4];
})();
