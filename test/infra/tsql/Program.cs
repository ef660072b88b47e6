// Reads a JSON array of T-SQL texts from standard input and says of each what Microsoft's parsers for Azure SQL make of it: that of
// SQL Server 2022 and the newest one. Besides errors it gives the kinds of the statements and the names in them, so that a text in
// which a name has become a statement is not taken for a sound one.
using System.Text.Json;
using Microsoft.SqlServer.TransactSql.ScriptDom;

var texts = JsonSerializer.Deserialize<string[]>(Console.In.ReadToEnd()) ?? [];
TSqlParser[] parsers = [new TSql160Parser(true, SqlEngineType.SqlAzure), new TSql180Parser(true, SqlEngineType.SqlAzure)];
Console.WriteLine(JsonSerializer.Serialize(texts.Select(text => parsers.Select(parser => Read(parser, text)))));

static object Read(TSqlParser parser, string text)
{
    var fragment = parser.Parse(new StringReader(text), out var errors);
    var found = new Found();
    fragment?.Accept(found);
    return new
    {
        parser = parser.GetType().Name,
        errors = errors.Select(error => $"line {error.Line}: {error.Message}"),
        statements = found.Statements,
        names = found.Names,
    };
}

class Found : TSqlFragmentVisitor
{
    public List<string> Statements { get; } = [];
    public List<string> Names { get; } = [];

    public override void Visit(TSqlStatement node) => Statements.Add(node.GetType().Name);
    public override void Visit(Identifier node) => Names.Add(node.Value);
}
