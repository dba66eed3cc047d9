"""Properties of answers that have no description yet, by service and schema; the list only gets shorter."""

UNDESCRIBED: dict[str, dict[str, str]] = {
    "news_ingestion": {
        "ArticleRead": (
            "article_id author body canonical_url domain language novelty published_at received_at revision "
            "source state story_id summary tickers title url"
        ),
        "ArticleResult": "article_id error match status story_id",
        "ArticleResults": "data",
        "Comparison": "differing duplicate rule shared",
        "CoverageRead": "kind name source_id",
        "FetchError": "at code detail problem",
        "FetchRead": "error fetch_id finished_at n_requests requests source_id started_at status",
        "GapRead": "detail reason starts_at",
        "Headline": "article_id domain duplicate_of published_at recorded_at revision source_name state title",
        "Match": "article_id differing duplicate rule shared",
        "PlanRead": "expected_delay_seconds interval_seconds kind next_fetch_at quota source_id warnings",
        "QuotaRead": "remaining requests_per_day",
        "RequestRead": "error n_bytes seconds status url",
        "SourceRead": (
            "config created_at etag interval_seconds is_enabled kind last_error last_fetch_at last_modified "
            "last_ok_at name next_fetch_at source_id updated_at"
        ),
        "StoryDetail": "first_published_at headlines last_published_at story_id",
        "StoryRead": "first_published_at last_published_at story_id",
        "WindowRead": "ends_at starts_at",
    },
    "nlp": {
        "CandidateRead": "cik confidence entity_id mic name ticker type",
        "EntityRead": "cik entity_id mic name sector ticker type until",
        "EventRead": "description type",
        "EventTaxonomy": "data version",
        "ModelRead": "active data file n_bytes name sha256 subject version",
        "Models": "data",
        "ResolutionRead": "ambiguous candidates entity query",
        "Resolutions": "data",
        "SelfcheckRead": "label_accuracy model_versions passed texts ticker_recall",
        "TextAnalyses": "data",
        "TextAnalysisRead": (
            "abstain_reason abstained ambiguity entities events evidence id language model_versions sentiment topics"
        ),
        "TopicRead": "alpha_vantage name topic",
        "TopicTaxonomy": "data taxonomy version",
        "TrainingData": "licence name non_commercial",
    },
    "market_impact": {
        "Aggregate": "aar caar caar_standard_error days n_events tests",
        "BarRead": "adjusted_close close date high low open ticker volume",
        "BarsResult": "inserted received rejected updated",
        "DayStatistic": "day p_value statistic",
        "Estimation": "gap length",
        "EventResult": (
            "abnormal_returns car cumulative_abnormal_returns date df n_estimation_days t_stat ticker usable"
        ),
        "ExplanationRead": (
            "abstain_reason abstained basis beta contributions event_type expected_abnormal_return "
            "horizon_days impact_id n_estimation_days nearest_events reports_move sentiment_label ticker"
        ),
        "ModelCard": (
            "benchmark_ticker data description estimation_gap_days estimation_window_days horizons_days "
            "interval_level is_active kind licence limits priors version"
        ),
        "ModelList": "data",
        "Outcome": (
            "basis direction_was_right expected_abnormal_return horizon_days impact_id recorded_at status "
            "ticker within_interval"
        ),
        "PastEventRead": "article_id sentiment_score session_date ticker title",
        "PriorRead": "basis event_variance event_variance_events kind_deviation slope slope_deviation ticker_deviation",
        "RejectedBar": "detail",
        "StudyRead": "aggregate benchmark created_at estimation event_window events id model returns variance warnings",
        "TestAnswer": "by_day df name p_value statistic",
        "WarningRead": "code doubtful_tests message",
    },
    "alerts": {
        "AlertDetail": "expires_at group_key history kind n_notifications notified_at revision window_start",
        "AlertLineage": "alert_id notified_at rule_id rule_name trails",
        "AlertRead": "expires_at group_key kind n_notifications notified_at revision window_start",
        "AttemptList": "data",
        "AttemptRead": "attempted_at duration_milliseconds error number outcome status_code",
        "DeliveryRead": (
            "alert_id created_at delivered_at delivery_id event_type last_error last_status_code n_attempts "
            "next_attempt_at reason receiver_id receiver_name state"
        ),
        "EvaluationResult": "data",
        "FindingRead": "code level message path",
        "GroupRead": (
            "group_key group_labels last_alert_id last_notified_at last_starts_at n_alerts n_open rule_id rule_name"
        ),
        "HopRead": "end milliseconds start",
        "ImpactEvaluation": "error impact_id index rules",
        "OutcomeRead": "actual path required satisfied",
        "ReceiverCreated": (
            "created_at enabled kind last_delivered_at name previous_secret_expires_at receiver_id revision "
            "throttled_until updated_at"
        ),
        "ReceiverRead": (
            "created_at enabled kind last_delivered_at name previous_secret_expires_at receiver_id revision "
            "throttled_until updated_at"
        ),
        "RuleEvaluation": "conditions enabled group_labels matched rule_name window_start",
        "RuleRead": (
            "cooldown_seconds created_at enabled group_by group_interval_seconds group_wait_seconds labels "
            "name repeat_interval_seconds rule_id severity updated_at when window_seconds"
        ),
        "RuleValidation": "findings valid",
        "SecretRotated": "previous_expires_at receiver_id secret",
        "TrailRead": "hops lineage state ticker title total_milliseconds",
        "TransitionRead": "actor from_state happened_at note reason to_state",
    },
}
