# Completion of mcuzoo for bash. mcuzoo completion bash prints it.
# The words come from mcuzoo itself: it is asked for what may follow.

_mcuzoo() {
    local word
    COMPREPLY=()
    while IFS=$'\t' read -r word _; do
        case $word in
            :files) compopt -o default ;;
            :paths) compopt -o filenames ;;
            *) COMPREPLY+=("$word") ;;
        esac
    done < <("$1" __complete --line "${COMP_LINE:0:COMP_POINT}" "$COMP_WORDBREAKS" 2>/dev/null)
    case ${COMPREPLY[0]-} in
        */) compopt -o nospace ;;
    esac
}

complete -F _mcuzoo mcuzoo
