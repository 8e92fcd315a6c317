# Completion of mcuzoo for fish. mcuzoo completion fish prints it.
# The words come from mcuzoo itself: it is asked for what may follow.

function __mcuzoo_complete
    set -l typed (commandline -opc)
    set -l last (commandline -ct)
    for line in ($typed[1] __complete $typed[2..-1] "$last" 2>/dev/null)
        switch $line
            case ':files'
                __fish_complete_path "$last"
            case ':paths'
                continue
            case '*'
                echo $line
        end
    end
end

complete -c mcuzoo -f -a '(__mcuzoo_complete)'
