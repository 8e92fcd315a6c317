#compdef mcuzoo
# Completion of mcuzoo for zsh. mcuzoo completion zsh prints it.
# The words come from mcuzoo itself: it is asked for what may follow.

_mcuzoo() {
    local line word meaning files=
    local -a values shown folders
    local -a typed=("${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}")
    while IFS=$'\t' read -r word meaning; do
        case $word in
            :files) files=yes ;;
            :paths) ;;
            */) folders+=("$word") ;;
            *)
                values+=("$word")
                shown+=("$word${meaning:+  -- $meaning}")
                ;;
        esac
    done < <("${(Q)words[1]}" __complete "${typed[@]}" 2>/dev/null)
    (( $#values )) && compadd -l -d shown -a values
    (( $#folders )) && compadd -S '' -a folders
    [[ -n $files ]] && _files
    return 0
}

if [[ ${funcstack[1]-} == _mcuzoo ]]; then
    _mcuzoo "$@"
else
    compdef _mcuzoo mcuzoo
fi
