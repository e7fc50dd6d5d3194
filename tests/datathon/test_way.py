"""The whole way once: what teams and jurors wrote in spreadsheets; the jury's page; its idea in the incubator."""

TABLES = (
    "applications", "members", "jurors", "ties", "readings", "scores", "schedule",
    "ideas", "assessments", "people", "stages", "adoption",
)  # fmt: skip


def written(table):
    """A table as a spreadsheet writes it: a title above, capitals, French days and commas, an empty line."""
    days = [name for name in table if str(table[name].dtype).startswith("datetime")]
    said = {name: table[name].dt.strftime("%d/%m/%Y %H:%M:%S").str.removesuffix(" 00:00:00") for name in days}
    header, *lines = table.assign(**said).to_csv(index=False, sep=";", decimal=",").splitlines()
    return "\n".join(["Datathon;;", "", header.upper(), *lines[:2], ";" * header.count(";"), *lines[2:], ""])


def test_from_an_application_to_an_idea(datathon_tables, tikub_here, tmp_path):
    package, made = tmp_path / "package", tmp_path / "made"

    def tikub(*arguments):
        ran = tikub_here(*arguments)
        assert ran.returncode == 0, ran.stderr

    for name in TABLES:
        path = tmp_path / f"{name}.csv"
        path.write_bytes(written(datathon_tables[name]).encode("cp1252" if name in ("members", "scores") else "utf-8"))
        tikub("data", "import", "--as", f"datathon/{name}", path, "--into", package)
    tikub("report", "datathon_jury", "--data", package, "--out", made, "-q")
    proposed = made / "datathon_jury" / "datathon_jury.idee.csv"
    tikub("data", "import", "--as", "datathon/ideas", proposed, "--into", package)
    best = datathon_tables["planted"].query("cas == 'qualité'").astype({"valeur": float}).nlargest(1, "valeur")
    team = best["cle"].iloc[0]
    tikub("report", "datathon_idea", "--each", f"idee=D2019-{team}", "--data", package, "--out", made, "-q")
    tikub("report", "datathon_ideas", "--data", package, "--out", made, "-q")
    project = datathon_tables["applications"].set_index("equipe_id")["projet"][team]
    pages = {"datathon_idea": "à confirmer par le jury", "datathon_ideas": "à juger : numérique ou non"}
    for name, says in pages.items():
        text = next((made / name).glob("*.html")).read_text("utf-8").replace("’", "'").replace("\u202f", " ")
        assert project in text
        assert says in text.replace("\xa0", " ")
