import type { View } from "../lib/bindings";
import { checkup } from "./fixtures";
import type { Shell } from "../lib/shell";

/** A shell that shows one view and writes down what it is asked for. */
export function fakeShell(view: View): { shell: Shell; asked: string[]; show: (view: View) => void } {
  const asked: string[] = [];
  let show: (view: View) => void = () => {};
  const note = (what: string) => async () => void asked.push(what);
  const shell: Shell = {
    watch: async (watcher) => ((show = watcher), watcher(view)),
    signIn: async (organization, account, way, browser) =>
      void asked.push(["sign_in", organization, account, way, browser].filter((each) => each).join(" ")),
    browsers: async () => [
      { id: "firefox-esr.desktop", name: "Firefox ESR", usual: true },
      { id: "microsoft-edge.desktop", name: "Microsoft Edge", usual: false },
      { id: "chromium.desktop", name: "Chromium ウェブ・ブラウザ", usual: false },
    ],
    cancel: note("cancel"),
    extend: note("extend"),
    openAgain: note("open_again"),
    copyLink: note("copy_link"),
    paste: async () => "not_a_callback",
    takeLinks: note("take_links"),
    signOut: note("sign_out"),
    endSession: async () => {
      asked.push("end_session");
      if (view.receipt) show({ ...view, receipt: { ...view.receipt, can_end_session: false } });
    },
    dismiss: note("dismiss"),
    switchProfile: async (profile) => void asked.push(`switch_profile ${profile}`),
    chooseOrganization: async (name) => void asked.push(`choose_organization ${name}`),
    checkOrganization: async () => ({ host: "id.acme.example", redirect_uris: ["kiro://kiro.oauth/callback"] }),
    addOrganization: note("add_organization"),
    openOrganizationFile: async () => ({
      organizations: [{ name: "acme", title: "Acme", provider: "okta", host: "id.acme.example" }],
    }),
    confirmOrganizationFile: note("confirm_organization_file"),
    prefer: async (change) => {
      asked.push(`prefer ${JSON.stringify(change)}`);
      if (change.what === "language") show({ ...view, language: change.to ?? "en" });
    },
    chooseCaFile: note("choose_ca_file"),
    giveLinksBack: note("give_links_back"),
    checkComputer: async () => checkup(),
    exportDiagnostics: async () => ["report.json", "organizations.toml", "logs/desktop.log"],
    copyDetails: note("copy_details"),
    copyRequest: note("copy_request"),
  };
  return { shell, asked, show: (next) => show(next) };
}
