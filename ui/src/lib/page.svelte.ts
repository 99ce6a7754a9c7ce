import { createSubscriber } from "svelte/reactivity";
import type {
  Browser,
  CheckedOrganization,
  Checkup,
  FailureView,
  NewOrganization,
  OrganizationFile,
  OrganizationView,
  View,
} from "./bindings";
import { neutral } from "./neutral";
import { complete, typed } from "./organization";
import { say, type Action, type Key, type Values } from "./say";
import type { AccountChoice, Shell, Way } from "./shell";
import { untilShorter } from "./time";

/** Where the person has gone by themselves; everything else follows from the `View`. */
export type Place = "choose" | "add" | "portal" | "confirm" | "settings" | "checkup" | "browsers";

/** What a look at typed settings found, and of which settings. */
type Look = { of: string; checked: CheckedOrganization | null; failure: FailureView | null };

/** The finishing screen is for answers that take longer than this (ms). */
const SOON = 300;

/** Has who calls it in an effect or a derived value run again after each `pause()` (ms), as long as it is on the screen. */
function after(pause: () => number): () => void {
  return createSubscriber((update) => {
    let waiting: ReturnType<typeof setTimeout>;
    const wait = () => (waiting = setTimeout(() => (update(), wait()), pause()));
    wait();
    return () => clearTimeout(waiting);
  });
}

/** What the window shows and what can be done in it. The screens only draw. */
export class Page {
  view = $state.raw<View | null>(null);
  place = $state<Place | null>(null);
  form = $state<NewOrganization>({ provider: "okta", name: "", region: "us-east-1" });
  look = $state.raw<Look | null>(null);
  file = $state.raw<OrganizationFile | null>(null);
  browsers = $state.raw<Browser[]>([]);
  /** What was found on this computer; `null` while it is looked at. */
  checkup = $state.raw<Checkup | null>(null);
  /** A command that came back with a failure instead of a new `View`. */
  refusal = $state.raw<FailureView | null>(null);
  busy = $state(false);
  #second = after(() => 1000);
  #number = after(() => Math.min(60_000, ...this.#ends.map((at) => untilShorter(at, this.time()))));
  #picked = $state<string | null>(null);
  #finishing = $state(false);
  #from: Place | null = null;
  #again: (() => void) | null = null;
  #endSessionToo = false;
  /** When the failure happened since which Settings were changed: trying again is the next thing then. */
  mended = $state<string | null>(null);
  /** The browser was sent to end its session; the receipt then offers it no more. */
  ending = $state(false);
  /** The sign-in beside which this computer is being checked. */
  #beside: string | null = null;

  language = $derived(this.view?.language ?? "en");
  account = $derived(this.view?.account ?? null);
  organizations: OrganizationView[] = $derived(this.view?.organizations ?? []);
  locks = $derived(this.view?.locks);
  locked = $derived(this.view?.locks.own_organizations ?? false);
  attempt = $derived(this.view?.attempt?.ours ? this.view.attempt : null);
  failure = $derived(this.refusal ?? (this.attempt ? null : (this.view?.failure ?? null)));
  organization = $derived(
    this.organizations.find((o) => o.name === (this.#picked ?? this.view?.chosen)) ??
      (this.organizations.length === 1 ? this.organizations[0] : undefined),
  );
  screen = $derived.by(() => {
    if (!this.view || !this.account) return "empty";
    if (this.place === "checkup" && !this.refusal) return "checkup";
    if ((this.place === "settings" || this.place === "browsers") && !this.attempt && !this.refusal) return this.place;
    if (this.failure) return "error";
    if (this.attempt) return this.attempt.step === "finishing" && this.#finishing ? "finishing" : "waiting";
    if (this.view.receipt) return "receipt";
    if (this.place) return this.place;
    if (this.account.state === "signed_in") return "signed-in";
    if (this.account.state === "needs_attention") return "attention";
    if (this.organizations.length === 0) return "first";
    return this.organization ? "sign-in" : "choose";
  });
  glyph = $derived.by(() => {
    if (this.view?.attempt) return "signing-in";
    if (this.account?.state === "signed_in") return "is-in";
    return this.account?.state === "needs_attention" ? "attention" : "signed-out";
  });

  /** Signed in, and the sign-in server cannot be reached: a state, not an error. */
  offline = $derived(this.glyph === "is-in" && this.view?.offline === true);

  /** When access and sign-in end. */
  #ends = $derived.by(() => {
    const who = this.account?.state === "signed_in" ? this.account.who : null;
    return [who?.expires_at, who?.session_expires_at].filter((at) => typeof at === "string");
  });

  /** The organisation of the failure. */
  #failed = $derived(this.organizations.find((each) => each.name === this.failure?.organization));

  constructor(
    readonly shell: Shell,
    readonly time: () => number,
    place: Place | null,
  ) {
    this.place = place;
  }

  /** ms; each second anew while something on the screen goes by it. */
  get now(): number {
    this.#second();
    return this.time();
  }

  /** The same for the account's times, told in their largest unit: anew when one of these numbers changes, and each minute. */
  get about(): number {
    this.#number();
    return this.time();
  }

  t = (key: Key, values: Values = {}): string => say(this.language, key, values);

  /** Follows the shell until the returned function is called. */
  follow(): () => void {
    let soon: ReturnType<typeof setTimeout> | undefined;
    void this.ask(() =>
      this.shell.watch((next) => {
        const same = this.place === "checkup" && this.#waits(next) && next.attempt?.id === this.#beside;
        if ((next.attempt?.ours && !same) || next.receipt || (this.#beside && !same)) this.place = this.#beside = null;
        if (!next.receipt) this.ending = false;
        const failed = next.failure?.detail.time;
        if (
          failed &&
          failed === this.view?.failure?.detail.time &&
          next.settings.ca_file !== this.view.settings.ca_file
        )
          this.mended = failed;
        if (next.receipt && this.#endSessionToo) {
          this.#endSessionToo = false;
          if (next.receipt.can_end_session) this.endSession();
        }
        if (next.attempt?.step !== "finishing") {
          clearTimeout(soon);
          soon = undefined;
          this.#finishing = false;
        } else soon ??= setTimeout(() => (this.#finishing = true), SOON);
        this.view = neutral(next);
      }),
    );
    return () => clearTimeout(soon);
  }

  /** Does what may be refused; a refusal is shown, and "Try again" does it again. */
  async ask(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (thrown) {
      this.refusal = refusal(thrown, this.time());
      this.#again = () => void this.ask(work);
    }
  }

  /** The same for what must not be asked twice: nothing happens while such an asking lasts. */
  async once(work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    await this.ask(work);
    this.busy = false;
  }

  begin(choice: AccountChoice, way: Way = "best", browser?: string): void {
    const name =
      this.#failed?.name ??
      (this.account?.state === "needs_attention" ? this.account.who.organization : this.organization?.name);
    if (!name) this.place = "choose";
    else
      void this.once(async () => {
        await this.shell.signIn(name, choice, way, browser);
        this.refusal = null;
      });
  }

  signOut(atHostToo = false): void {
    this.#endSessionToo = atHostToo;
    void this.once(() => this.shell.signOut());
  }

  endSession(): void {
    this.ending = true;
    void this.ask(() => this.shell.endSession());
  }

  pick(name: string): void {
    this.#picked = name;
    void this.ask(() => this.shell.chooseOrganization(name));
  }

  add(): void {
    this.form.provider = "okta";
    this.place = "add";
  }

  portal(): void {
    this.form.provider = "identity-center";
    this.place = "portal";
  }

  /** What an error's button does. */
  act(action: Action): void {
    if (action === "retry" && this.refusal) {
      const again = this.#again;
      this.refusal = this.#again = null;
      return again?.();
    }
    if (action === "retry") return this.begin(this.account?.state === "needs_attention" ? "hint" : "any");
    if (action === "settings") return void (this.place = action);
    if (action === "browser") return this.chooseBrowser();
    if (action === "other_way") return this.begin("any", "loopback");
    if (action === "another_account") return this.begin("select");
    const mine = this.refusal !== null;
    this.refusal = this.#again = null;
    if (!mine || this.view?.failure) void this.ask(() => this.shell.dismiss());
    if (action === "choose") this.place = action;
    if (action === "add") this.add();
  }

  /** Looks whether a sign-in server answers for what is typed, while it is being typed. */
  async peek(): Promise<void> {
    const asked = typed(this.form);
    const of = JSON.stringify(asked);
    if (this.look?.of === of) return;
    this.look = { of, checked: null, failure: null };
    let found: Partial<Look> = {};
    try {
      found = { checked: neutral(await this.shell.checkOrganization(asked)) };
    } catch (thrown) {
      found = { failure: refusal(thrown, this.time()) };
    }
    if (this.look?.of === of) this.look = { ...this.look, ...found };
  }

  /** What the last look found, if it was at what stands in the form now. */
  seen = $derived.by(() => {
    const look = this.look;
    return look && look.of === JSON.stringify(typed(this.form)) ? look : null;
  });

  check(): void {
    if (!complete(this.form)) return;
    void this.once(async () => {
      if (!this.seen?.checked) {
        const asked = typed(this.form);
        try {
          const checked = neutral(await this.shell.checkOrganization(asked));
          this.look = { of: JSON.stringify(asked), checked, failure: null };
        } catch (thrown) {
          this.refusal = refusal(thrown, this.time()); // "Try again" leads back to the form
          return;
        }
      }
      this.file = null;
      this.place = "confirm";
    });
  }

  openFile(): void {
    void this.once(async () => {
      this.file = neutral(await this.shell.openOrganizationFile());
      if (this.file) this.place = "confirm";
    });
  }

  confirm(): void {
    void this.once(async () => {
      if (this.file) await this.shell.confirmOrganizationFile();
      else await this.shell.addOrganization(typed(this.form));
      this.place = null;
      this.#picked = null;
      this.form = { provider: "okta", name: "", region: "us-east-1" };
    });
  }

  chooseBrowser(): void {
    void this.once(async () => {
      this.browsers = neutral(await this.shell.browsers());
      this.place = "browsers";
    });
  }

  #waits = (view: View | null) => view?.attempt?.ours === true && view.attempt.step === "waiting";

  /** Looks for what is wrong on this computer. A sign-in goes on meanwhile, and its end ends the looking. */
  async checkUp(): Promise<void> {
    if (this.place !== "checkup") this.#from = this.place;
    this.place = "checkup";
    this.#beside = this.#waits(this.view) ? (this.attempt?.id ?? null) : null;
    this.checkup = null;
    await this.once(async () => void (this.checkup = neutral(await this.shell.checkComputer())));
  }

  back(): void {
    if (this.place === "checkup") return void ((this.place = this.#from), (this.#from = this.#beside = null));
    if (this.place === "confirm" && !this.file)
      this.place = this.form.provider === "identity-center" && this.organizations.length === 0 ? "portal" : "add";
    else this.place = null;
  }
}

/** A rejected command as a failure; Tauri itself rejects with plain text. */
function refusal(thrown: unknown, now: number): FailureView {
  if (thrown !== null && typeof thrown === "object" && "code" in thrown && "detail" in thrown)
    return neutral(thrown as FailureView);
  return {
    code: "unexpected",
    organization: null,
    organization_title: null,
    provider: null,
    host: null,
    account: null,
    contact: null,
    facts: {},
    detail: {
      error: null,
      description: neutral(String(thrown)).slice(0, 300),
      aadsts: null,
      correlation_id: null,
      time: new Date(now).toISOString().replace(/\.\d+/, ""),
    },
  };
}
