metadata description = 'For operators: a workbook, and alerts about problems that do not resolve themselves.'

param location string
param tags object
param workspaceName string
param serviceBusName string
@description('Who gets mail from alerts. Empty: alerts show only in the portal.')
param alertEmails string[]

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-02-01' existing = { name: workspaceName }

resource serviceBus 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = { name: serviceBusName }

resource people 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(alertEmails)) {
  name: 'mooring'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'mooring'
    enabled: true
    emailReceivers: [
      for (address, index) in alertEmails: { name: 'mail${index}', emailAddress: address, useCommonAlertSchema: true }
    ]
  }
}

// Each query returns a row for everything that needs attention.
var rules = [
  {
    name: 'mooring-stuck-operation'
    title: 'Mooring: an operation is stuck'
    text: 'See "An operation is stuck" in docs/runbook.md.'
    severity: 2
    window: 'PT15M'
    query: loadTextContent('../queries/stuck-operations.kql')
  }
  {
    name: 'mooring-failed-compensation'
    title: 'Mooring: an undo failed'
    text: 'See "COMPENSATION_FAILED, ORCHESTRATION_FAILED" in docs/runbook.md.'
    severity: 1
    window: 'PT15M'
    query: loadTextContent('../queries/failed-undos.kql')
  }
  {
    name: 'mooring-waiting-undo'
    title: 'Mooring: an undo waits'
    text: 'See "Undos that go on" in docs/runbook.md.'
    severity: 2
    window: 'PT15M'
    query: loadTextContent('../queries/waiting-undos.kql')
  }
  {
    name: 'mooring-drift-error'
    title: 'Mooring: a namespace has drifted'
    text: 'GET /api/namespaces/{cluster}/{namespace} returns the findings; docs/findings.md explains each of them.'
    severity: 2
    window: 'PT1H'
    query: loadTextContent('../queries/drift-errors.kql')
  }
]

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: rule.name
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: rule.title
      description: rule.text
      severity: rule.severity
      enabled: true
      scopes: [workspace.id]
      evaluationFrequency: 'PT5M'
      windowSize: rule.window
      autoMitigate: true
      // The tables exist only after the first telemetry has arrived.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: empty(alertEmails) ? {} : { actionGroups: [people.id] }
    }
  }
]

// Service Bus counts these itself, including messages that Mooring never saw.
resource deadLetters 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'mooring-dead-letters'
  location: 'global'
  tags: tags
  properties: {
    description: 'See "Messages in the dead-letter queue" in docs/runbook.md.'
    severity: 2
    enabled: true
    scopes: [serviceBus.id]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'deadLetters'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.ServiceBus/namespaces'
          metricName: 'DeadletteredMessages'
          dimensions: [{ name: 'EntityName', operator: 'Include', values: ['onboarding-requests'] }]
          timeAggregation: 'Maximum'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
    actions: empty(alertEmails) ? [] : [{ actionGroupId: people.id }]
  }
}

var charts = [
  { title: 'Operations per hour', how: 'barchart', query: loadTextContent('../queries/operations.kql') }
  { title: 'Operation durations', how: 'table', query: loadTextContent('../queries/durations.kql') }
  { title: 'Retries and throttles', how: 'barchart', query: loadTextContent('../queries/retries.kql') }
  { title: 'Queue age and registry latency, in seconds', how: 'timechart', query: loadTextContent('../queries/waits.kql') }
  { title: 'Stuck operations', how: 'table', query: loadTextContent('../queries/stuck-operations.kql') }
  { title: 'Failed undos', how: 'table', query: loadTextContent('../queries/failed-undos.kql') }
  { title: 'Waiting undos', how: 'table', query: loadTextContent('../queries/waiting-undos.kql') }
  { title: 'Drift', how: 'table', query: loadTextContent('../queries/drift-errors.kql') }
  { title: 'Failed calls', how: 'table', query: loadTextContent('../queries/failed-calls.kql') }
]

// github.com/microsoft/Application-Insights-Workbooks, schema/workbook.json: type 9 is a group of parameters, 3 a query; parameter
// type 4 is a time range.
var timeRange = {
  type: 9
  name: 'parameters'
  content: {
    version: 'KqlParameterItem/1.0'
    parameters: [
      {
        id: guid('mooring', 'TimeRange')
        version: 'KqlParameterItem/1.0'
        name: 'TimeRange'
        label: 'Time range'
        type: 4
        isRequired: true
        value: { durationMs: 86400000 }
        typeSettings: {
          selectableValues: [{ durationMs: 3600000 }, { durationMs: 86400000 }, { durationMs: 604800000 }, { durationMs: 2592000000 }]
        }
      }
    ]
  }
}
var queries = map(charts, chart => {
  type: 3
  name: chart.title
  content: {
    version: 'KqlItem/1.0'
    title: chart.title
    query: chart.query
    size: 0
    noDataMessage: 'Nothing in this time range.'
    timeContextFromParameter: 'TimeRange'
    queryType: 0
    resourceType: 'microsoft.operationalinsights/workspaces'
    visualization: chart.how
  }
})

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'mooring')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Mooring'
    category: 'workbook'
    sourceId: workspace.id
    serializedData: string({
      version: 'Notebook/1.0'
      items: concat([timeRange], queries)
      '$schema': 'https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json'
    })
  }
}
