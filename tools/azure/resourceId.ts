/** A resource ID as the options of the Azure CLI: many commands have no `--ids`, and none that creates something has. */

/** `/subscriptions/<id>/resourceGroups/<group>/providers/<type>/<name>`, with `nameOption` for the name. */
export function optionsFor(id: string, nameOption: "--name" | "--server" = "--name"): readonly string[] {
  const [, , subscription = "", , group = "", , , , name = ""] = id.split("/");
  return ["--subscription", subscription, "--resource-group", group, nameOption, name];
}

export const printOptions = (...parameters: Parameters<typeof optionsFor>): string =>
  optionsFor(...parameters).join(" ");
