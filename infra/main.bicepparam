using 'main.bicep'

// azd passes its environment as variables: `azd env set MOORING_BACKEND storage`. docs/deploy.md lists them all.
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param location = readEnvironmentVariable('AZURE_LOCATION')
param catalog = loadYamlContent('../mooring.yaml')

param backend = readEnvironmentVariable('MOORING_BACKEND', 'scheduler')
param schedulerSku = readEnvironmentVariable('MOORING_SCHEDULER_SKU', 'Consumption')
param storageSku = readEnvironmentVariable('MOORING_STORAGE_SKU', 'Standard_ZRS')
param protectRegistry = bool(readEnvironmentVariable('MOORING_PROTECT_REGISTRY', 'false'))

param privateNetworking = bool(readEnvironmentVariable('MOORING_PRIVATE_NETWORKING', 'false'))
param addressPrefix = readEnvironmentVariable('MOORING_ADDRESS_PREFIX', '10.91.0.0/24')
param callerAddressPrefixes = filter(
  split(readEnvironmentVariable('MOORING_CALLER_ADDRESS_PREFIXES', ''), ','),
  prefix => !empty(prefix)
)

param readRoleAssignmentsOfSubscription = bool(readEnvironmentVariable('MOORING_READ_SUBSCRIPTION_ROLES', 'false'))
param dashboardPrincipalId = readEnvironmentVariable('MOORING_DASHBOARD_PRINCIPAL_ID', '')
param dashboardPrincipalType = readEnvironmentVariable('MOORING_DASHBOARD_PRINCIPAL_TYPE', 'Group')

param dashboardClientId = readEnvironmentVariable('MOORING_DASHBOARD_CLIENT_ID', '')
param dashboardLinks = json(readEnvironmentVariable('MOORING_DASHBOARD_LINKS', '[]'))
param traceUrl = readEnvironmentVariable('MOORING_TRACE_URL', '')

param instanceMemoryMB = any(int(readEnvironmentVariable('MOORING_INSTANCE_MEMORY_MB', '2048')))
param maximumInstanceCount = int(readEnvironmentVariable('MOORING_MAXIMUM_INSTANCES', '40'))
param alwaysReadyInstances = int(readEnvironmentVariable('MOORING_ALWAYS_READY_INSTANCES', '0'))

param retentionDays = int(readEnvironmentVariable('MOORING_RETENTION_DAYS', '30'))
param historyDays = int(readEnvironmentVariable('MOORING_HISTORY_DAYS', '30'))
param dailyLogCapGb = int(readEnvironmentVariable('MOORING_DAILY_LOG_CAP_GB', '2'))
param budgetAmount = int(readEnvironmentVariable('MOORING_BUDGET_AMOUNT', '0'))
param budgetContactEmails = filter(
  split(readEnvironmentVariable('MOORING_BUDGET_EMAILS', ''), ','),
  email => !empty(email)
)
param alertEmails = filter(
  split(readEnvironmentVariable('MOORING_ALERT_EMAILS', ''), ','),
  email => !empty(email)
)
param budgetStartDate = readEnvironmentVariable('MOORING_BUDGET_START', '')
